// What the camera sees, with what the person should do drawn over it.

import type { Camera } from "./camera.ts";
import type { Face, Move, Quad } from "./api.ts";
import { h, svg } from "./dom.ts";

export type Tone = "neutral" | "good" | "bad";

/** Shares of the picture's width and height. */
interface Oval { width: number; height: number }

const unit = 1000; // of the drawing, along the picture's longer side

export class Viewfinder {
  readonly root: HTMLElement;
  private readonly width: number;
  private readonly height: number;
  private readonly drawing;
  private readonly hintLine = h("p", { class: "hint" });
  private readonly frame = h("div", { class: "picture" });
  private oval: SVGEllipseElement | null = null;
  private ring: SVGEllipseElement | null = null;
  private quad: SVGPolygonElement | null = null;

  constructor(camera: Camera, label: string) {
    const aspect = camera.aspect || 1;
    this.width = aspect >= 1 ? unit : unit * aspect;
    this.height = aspect >= 1 ? unit / aspect : unit;
    this.drawing = svg("svg", { viewBox: `0 0 ${this.width} ${this.height}`, class: "drawing", "aria-hidden": "true" });
    camera.video.setAttribute("aria-label", label);
    this.frame.append(camera.video, this.drawing);
    this.frame.classList.toggle("mirrored", camera.mirrored);
    this.frame.style.aspectRatio = String(aspect);
    this.frame.style.setProperty("--aspect", String(aspect));
    this.root = h("div", { class: "viewfinder" }, this.frame, this.hintLine);
  }

  /** The line below the picture; readers hear it from the stage. */
  hint(text: string, tone: Tone): void {
    if (this.hintLine.textContent !== text) this.hintLine.textContent = text;
    this.root.dataset.tone = tone;
  }

  /** Draws where the face should be. A face is about three quarters as wide as high. */
  face(height = 0.5): Oval {
    const high = Math.min(height * 1.25, 0.96);
    const wide = Math.min(high * this.height * 0.74 / this.width, 0.96);
    this.oval ??= this.drawing.appendChild(svg("ellipse", { class: "oval" }));
    this.ring ??= this.drawing.appendChild(svg("ellipse", { class: "ring", pathLength: "100", "stroke-dasharray": "0 100" }));
    for (const e of [this.oval, this.ring]) {
      e.setAttribute("cx", String(this.width / 2));
      e.setAttribute("cy", String(this.height / 2));
      e.setAttribute("rx", String(wide * this.width / 2));
      e.setAttribute("ry", String(high * this.height / 2));
    }
    return { width: wide, height: high };
  }

  /** Fills the ring around the oval, 0..1. */
  progress(share: number): void { this.ring?.setAttribute("stroke-dasharray", `${Math.round(share * 100)} 100`); }

  /** Draws the outline that a document should fill, by its proportions. */
  outline(proportion: number): void {
    this.drawing.querySelector(".outline")?.remove();
    const wide = Math.min(this.width * 0.9, this.height * 0.86 * proportion), high = wide / proportion;
    this.drawing.prepend(svg("rect", { class: "outline", x: (this.width - wide) / 2, y: (this.height - high) / 2, width: wide, height: high, rx: wide / 30 }));
  }

  /** Draws where the server sees the document; null takes it away. */
  document(corners: Quad | null): void {
    if (!corners) { this.quad?.remove(); this.quad = null; return; }
    this.quad ??= this.drawing.appendChild(svg("polygon", { class: "quad" }));
    this.quad.setAttribute("points", corners.map(([x, y]) => `${x * this.width},${y * this.height}`).join(" "));
  }
}

/** What is wrong with a face's size where it must come closer or go away by half: it needs room for that. */
export function sizeFault(face: Face, moves: readonly Move[]): "closer" | "away" | null {
  const first = moves.find(m => m === "CLOSER" || m === "AWAY");
  if (first === "CLOSER" && face.height > 0.5) return "away";
  if (first === "CLOSER" && face.height < 0.22) return "closer";
  if (first === "AWAY" && face.height < 0.36) return "closer";
  return first === "AWAY" && face.height > 0.7 ? "away" : null;
}

const angles: Record<Move, number> = { LEFT: 180, RIGHT: 0, UP: 270, DOWN: 90, CLOSER: 0, AWAY: 0 };

/** The picture of a move: an arrow, or a face that grows or shrinks. */
export function moveSign(move: Move): SVGElement {
  const box = { viewBox: "-50 -50 100 100", class: `sign ${move.toLowerCase()}`, "aria-hidden": "true" };
  if (move === "CLOSER" || move === "AWAY") {
    const out = move === "CLOSER" ? 1 : -1;
    const arrow = (angle: number) => svg("path", { d: out > 0 ? "M24 0h20m-9-9 9 9-9 9" : "M44 0h-20m9-9-9 9 9 9", transform: `rotate(${angle})` });
    return svg("svg", box, svg("circle", { r: 14 }), ...[45, 135, 225, 315].map(arrow));
  }
  return svg("svg", box, svg("path", { d: "M-36 0h70m-26-26 26 26-26 26", transform: `rotate(${angles[move]})` }));
}
