const MINUTE = 60_000;

interface Sighting {
  release: string;
  at: number;
}

/** Remembers which replicas answered in the last minute, and lists them once there are several. */
export class Replicas {
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
