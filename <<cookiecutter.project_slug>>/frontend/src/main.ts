import { watch } from "./alive";
import { findBoard } from "./board";

listenForChanges();

const board = findBoard();
if (board) {
  watch(board);
}

/** Reloads the page when the development server has built the front end again. */
function listenForChanges(): void {
  // Only the settings for development name a server here.
  const url = document.querySelector<HTMLMetaElement>('meta[name="live-reload"]')?.content;
  if (url) {
    new EventSource(new URL("/esbuild", url)).addEventListener("change", () => location.reload());
  }
}
