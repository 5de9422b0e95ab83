// What screens work with.

import type { Api, State, Step } from "./api.ts";
import type { Stage } from "./stage.ts";
import type { Texts } from "./texts.ts";

export interface Page {
  readonly api: Api;
  readonly stage: Stage;
  readonly texts: Texts;
  readonly session: string;
  readonly locale: string;
  /** The page runs inside an app's web view. */
  readonly webView: boolean;
  /** The server knows an address of this page for a phone. */
  readonly handsOver: boolean;
  /** Of the page, by locale. */
  readonly languages: Readonly<Record<string, { lang: string; name: string }>>;
  /** Pages of documents that were taken and not yet accepted, by step. */
  readonly drafts: Map<number, Blob[]>;
  state: State;
  /** Whether this device is one that a phone would be better than. */
  offersHandover(): boolean;
}

/** A screen that ends with the state in which the session is then. */
export type StepScreen = (page: Page, step: Step, signal: AbortSignal, again: boolean) => Promise<State>;
