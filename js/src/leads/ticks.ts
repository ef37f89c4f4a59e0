/** The ticked leads, by id. They stay ticked while others are shown. */
export class Ticks {
  readonly #ids = new Set<string>();
  readonly #report: (ids: string[], on: boolean) => void;

  /** @param report - Called with the leads that are ticked or unticked. */
  constructor(report: (ids: string[], on: boolean) => void = () => {}) {
    this.#report = report;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  set(ids: string[], on: boolean): void {
    for (const id of ids)
      if (on) this.#ids.add(id);
      else this.#ids.delete(id);
    this.#report(ids, on);
  }
}
