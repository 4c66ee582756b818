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

// The server takes at most two seconds to check what it depends on.
const PATIENCE = 4_000;

export async function ask(url: string): Promise<Answer> {
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
