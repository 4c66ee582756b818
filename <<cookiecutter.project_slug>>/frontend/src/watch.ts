import { ask } from "./alive";
import type { Board } from "./board";

const INTERVAL = 5_000;

/** Asks again and again how the server is, while someone can see the page. */
export function watch(board: Board): void {
  let timer: number | undefined;
  let asking = false;

  async function check(): Promise<void> {
    if (asking) {
      return;
    }
    asking = true;
    const answer = await ask(board.url);
    asking = false;
    board.show(answer);
    const wait = answer.kind === "busy" ? Math.max(answer.wait, INTERVAL) : INTERVAL;
    schedule(wait);
  }

  function schedule(wait: number): void {
    clearTimeout(timer);
    if (!document.hidden) {
      timer = window.setTimeout(check, wait);
    }
  }

  document.addEventListener("visibilitychange", () => schedule(0));
  schedule(INTERVAL);
}
