import type { Answer, Report } from "./alive";

const MINUTE = 60_000;

interface Sighting {
  release: string;
  at: number;
}

/** Remembers which replicas answered in the last minute, and lists them once there are several. */
class Replicas {
  private readonly seen = new Map<string, Sighting>();

  constructor(private readonly element: HTMLElement) {}

  add(replica: string, release: string, at: number): void {
    this.seen.set(replica, { release, at });
    for (const [name, sighting] of this.seen) {
      if (at - sighting.at > MINUTE) {
        this.seen.delete(name);
      }
    }
    this.element.hidden = this.seen.size < 2;
    this.element.querySelector("ul")?.replaceChildren(...this.rows(replica));
  }

  private rows(latest: string): HTMLLIElement[] {
    const names = [...this.seen.keys()].sort();
    return names.map((name) => {
      const row = document.createElement("li");
      row.classList.toggle("latest", name === latest);
      row.append(cell(name), cell(this.seen.get(name)?.release ?? ""));
      return row;
    });
  }
}

function cell(text: string): HTMLSpanElement {
  const span = document.createElement("span");
  span.className = "machine";
  span.textContent = text;
  return span;
}

/** The part of the home page that shows what is running and how it is. */
export class Board {
  readonly url: string;
  private readonly replicas: Replicas;

  constructor(private readonly element: HTMLElement) {
    this.url = element.dataset["aliveUrl"] ?? "";
    this.replicas = new Replicas(this.find("[data-replicas]"));
    const rendered = new Date(this.find("[data-checked]").getAttribute("datetime") ?? "");
    this.showAnswer(this.text("[data-release]"), this.text("[data-replica]"), rendered);
  }

  show(answer: Answer): void {
    if (answer.kind === "busy") {
      return;
    }
    const changes = answer.kind === "report" ? this.showReport(answer.report) : this.showSilence();
    this.announce(changes);
  }

  private showReport(report: Report): string[] {
    this.showAnswer(report.release, report.replica, new Date());
    return [
      ...this.showVerdict(report.status),
      ...this.checks().flatMap((check) => this.showCheck(check, report.checks[check.dataset["check"] ?? ""])),
    ];
  }

  private showAnswer(release: string, replica: string, at: Date): void {
    this.setText("[data-release]", release);
    this.setText("[data-replica]", replica);
    this.setText("[data-checked]", at.toLocaleTimeString(document.documentElement.lang));
    this.find("[data-checked]").setAttribute("datetime", at.toISOString());
    this.replicas.add(replica, release, at.getTime());
  }

  private showSilence(): string[] {
    this.checks().forEach((check) => this.showCheck(check, "unknown"));
    return this.showVerdict("unknown");
  }

  private showVerdict(state: string): string[] {
    return this.showState(this.find(".verdict"), "verdict", state);
  }

  private showCheck(check: HTMLElement, state = "unknown"): string[] {
    return this.showState(check, "check", state);
  }

  /** Returns what to say of the change, or nothing when there is none. */
  private showState(element: HTMLElement, kind: string, state: string): string[] {
    if (element.dataset["state"] === state) {
      return [];
    }
    element.dataset["state"] = state;
    this.setText("[data-word]", this.element.getAttribute(`data-${kind}-${state}`) ?? state, element);
    return [element.textContent.replace(/\s+/g, " ").trim()];
  }

  // Only changes are said aloud: a status read out every few seconds would be unbearable.
  private announce(changes: string[]): void {
    if (changes.length > 0) {
      this.setText("[data-announcement]", changes.join(". "));
    }
  }

  private checks(): HTMLElement[] {
    return [...this.element.querySelectorAll<HTMLElement>("[data-check]")];
  }

  private text(selector: string): string {
    return this.find(selector).textContent.trim();
  }

  private setText(selector: string, text: string, within = this.element): void {
    this.find(selector, within).textContent = text;
  }

  private find(selector: string, within = this.element): HTMLElement {
    const found = within.querySelector<HTMLElement>(selector);
    if (!found) {
      throw new Error(`The home page has no ${selector}`);
    }
    return found;
  }
}

export function findBoard(): Board | null {
  const element = document.querySelector<HTMLElement>("[data-alive-url]");
  return element && new Board(element);
}
