// The texts of the page's language. Keys that are missing answer themselves.

export class Texts {
  constructor(private readonly byKey: Readonly<Record<string, string>>) {}

  /** The text of a key with its {places} filled in. */
  say(key: string, values: Record<string, string | number> = {}): string {
    return (this.byKey[key] ?? key).replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  }

  has(key: string): boolean { return key in this.byKey; }

  /** What a reason, hint or warning of the server means; a neutral text for one that is not known. */
  reason(code: string): string { return this.has(`reason.${code}`) ? this.say(`reason.${code}`) : this.say("reason"); }

  /** What a refusal of the server means. */
  error(code: string): string { return this.has(`error.${code}`) ? this.say(`error.${code}`) : this.say("error"); }

  /** Why a session did not finish: a technology's reason, or what the engine of flows says. */
  failure(detail: string | null): string {
    if (detail === null) return this.say("reason");
    return this.has(`failure.${detail}`) ? this.say(`failure.${detail}`) : this.reason(detail);
  }
}
