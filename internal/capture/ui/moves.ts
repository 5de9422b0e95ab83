// Follows the moves of a head as the server will judge them, so that the page
// asks for the next one when the last was seen. The server decides by its own
// estimate; the limits here are its limits.

import type { Face, Move } from "./api.ts";

const frontalYaw = 20, frontalPitch = 25; // degrees within which a face looks at the camera
const turnYaw = 18, turnPitch = 12, home = 10; // degrees from the pose at the start
const grown = 1.5; // the factor of sizes that is closer, or further away
const restFaces = 3;
const mostLost = 4; // answers without a face before the person is asked to begin again

/** What one picture meant: nothing yet, a step onwards, or a reason to begin again. */
export type Seen = "resting" | "ready" | "waiting" | "moved" | "return" | "done" | "wrong" | "lost";

interface Stance { yaw: number; pitch: number; height: number }

export function isTurn(move: Move): boolean { return move !== "CLOSER" && move !== "AWAY"; }

/** Whether a face looks at the camera. */
export function isFrontal(face: Face): boolean { return Math.abs(face.yaw) <= frontalYaw && Math.abs(face.pitch) <= frontalPitch; }

export class Tracker {
  private rest: Face[] = [];
  private stance: Stance | null = null;
  private lost = 0;
  private last: Seen = "resting";
  private alike = 0; // pictures in a row that meant the last
  private atHome = true;
  /** How many moves were made. */
  done = 0;

  constructor(readonly moves: readonly Move[]) {}

  /** The move that is asked for; null before the first and after the last. */
  get next(): Move | null { return this.stance ? this.moves[this.done] ?? null : null; }

  /** How high the face should be now, as a share of the picture; null when its size does not matter. */
  get target(): number | null {
    if (!this.stance || !this.next || isTurn(this.next)) return null;
    return this.next === "CLOSER" ? this.stance.height * grown * 1.05 : this.stance.height / grown / 1.05;
  }

  /** Whether the newest picture tells something new, as do the first two that mean the same: the judgement needs them. */
  get telling(): boolean { return this.last !== "resting" && this.alike <= 2; }

  /** Takes what the newest picture shows. */
  see(face: Face | null): Seen {
    const seen = this.meaning(face);
    this.alike = seen === this.last ? this.alike + 1 : 1;
    return this.last = seen;
  }

  private meaning(face: Face | null): Seen {
    if (!face) return this.miss();
    this.lost = 0;
    if (!this.stance) return this.settle(face);
    const made = this.moveOf(face, this.stance);
    this.atHome ||= made.home;
    const next = this.moves[this.done], last = this.moves[this.done - 1];
    if (made.home) this.goOn(last, next, face.height);
    if (next === undefined) return this.atHome ? "done" : "return";
    if (made.move === null || made.move === last) return this.atHome ? "waiting" : "return"; // the last one is on its way back
    if (made.move !== next) return "wrong";
    return this.atHome ? this.take(face, made.home) : "return";
  }

  private take(face: Face, home: boolean): Seen {
    this.done++;
    this.atHome = home;
    if (home && this.stance) this.stance.height = face.height;
    return "moved";
  }

  /** Lets a face that came closer, or went away, as far as was asked for do so further: the way back is measured from where it turns. */
  private goOn(last: Move | undefined, next: Move | undefined, height: number): void {
    if (!this.stance) return;
    if (last === "CLOSER" && next === "AWAY") this.stance.height = Math.max(this.stance.height, height);
    if (last === "AWAY" && next === "CLOSER") this.stance.height = Math.min(this.stance.height, height);
  }

  private miss(): Seen {
    this.lost++;
    return this.stance && this.lost > mostLost ? "lost" : this.stance ? "waiting" : "resting";
  }

  private settle(face: Face): Seen {
    if (!isFrontal(face)) { this.rest = []; return "resting"; }
    this.rest.push(face);
    if (this.rest.length < restFaces) return "resting";
    this.stance = { yaw: median(this.rest.map(f => f.yaw)), pitch: median(this.rest.map(f => f.pitch)), height: median(this.rest.map(f => f.height)) };
    return "ready";
  }

  /** The move that a face shows against a stance, and whether the head is turned the least. */
  private moveOf(face: Face, from: Stance): { move: Move | null; home: boolean } {
    const yaw = face.yaw - from.yaw, pitch = face.pitch - from.pitch;
    if (Math.abs(yaw) >= turnYaw && Math.abs(yaw) >= Math.abs(pitch)) return { move: yaw > 0 ? "RIGHT" : "LEFT", home: false };
    if (Math.abs(pitch) >= turnPitch && Math.abs(pitch) > Math.abs(yaw)) return { move: pitch > 0 ? "UP" : "DOWN", home: false };
    const atHome = Math.abs(yaw) <= home && Math.abs(pitch) <= home;
    const size = face.height / from.height;
    if (atHome && size >= grown) return { move: "CLOSER", home: true };
    if (atHome && size <= 1 / grown) return { move: "AWAY", home: true };
    return { move: null, home: atHome };
  }
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? 0;
}
