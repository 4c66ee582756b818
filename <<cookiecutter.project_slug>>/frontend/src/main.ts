import { findBoard } from "./board";
import { listenForChanges } from "./live-reload";
import { watch } from "./watch";

listenForChanges();

const board = findBoard();
if (board) {
  watch(board);
}
