/** What one replica says of itself at /api/alive. */
export interface Report {
  status: string;
  release: string;
  replica: string;
  checks: Record<string, string>;
}

export type Answer =
  | { kind: "report"; report: Report }
  /** The server asks to be left alone for this many milliseconds. */
  | { kind: "busy"; wait: number }
  /** No answer, or none that a replica gives. */
  | { kind: "silence" };

/** Whoever shows what the server answered. */
interface Display {
  readonly url: string;
  show(answer: Answer): void;
}

// Milliseconds between two questions.
const INTERVAL = 5_000;

// The server takes at most two seconds to check what it depends on.
const PATIENCE = 4_000;

/** Asks again and again how the server is, while someone can see the page. */
export function watch(display: Display): void {
  let timer: number | undefined;
  let asking = false;

  async function check(): Promise<void> {
    if (asking) {
      return;
    }
    asking = true;
    const answer = await ask(display.url);
    asking = false;
    display.show(answer);
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

async function ask(url: string): Promise<Answer> {
  try {
    const response = await fetch(url, {
      cache: "no-store",
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (response.status === 429) {
      return { kind: "busy", wait: retryAfter(response) };
    }
    const body: unknown = await response.json();
    return isReport(body) ? { kind: "report", report: body } : { kind: "silence" };
  } catch {
    // Offline, too late, or a proxy's error page instead of JSON.
    return { kind: "silence" };
  }
}

function retryAfter(response: Response): number {
  const seconds = Number(response.headers.get("Retry-After"));
  return Number.isFinite(seconds) ? seconds * 1_000 : 0;
}

function isReport(value: unknown): value is Report {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  const { status, release, replica, checks } = value as Record<string, unknown>;
  return (
    typeof status === "string" &&
    typeof release === "string" &&
    typeof replica === "string" &&
    typeof checks === "object" &&
    checks !== null
  );
}
