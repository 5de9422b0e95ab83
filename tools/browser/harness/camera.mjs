// The fake camera: a file of raw pictures that Chromium plays in a circle as
// the device's picture. The file is written anew while it plays, so that
// whoever stands before the camera can do what the page asks for.

import { randomBytes } from "node:crypto";
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";

const circle = 2; // pictures in the file: what is seen is never older than these
const between = 80; // milliseconds from one written picture to the next
const moves = ["LEFT", "RIGHT", "UP", "DOWN", "CLOSER", "AWAY"];
const delimiter = Buffer.from("FRAME\n");

export class Camera {
  #stage; #about; #file; #header; #timer;
  #scenes = new Map();
  #noise = randomBytes(1 << 16);
  #written = 0;
  #posture = "HOLDER"; // at rest; or the move at whose end the holder is
  #way = []; // pictures on the way there
  #rest; // pictures that take turns once there

  /** Shows the holder at rest. stage is the folder that tools/browser/stage wrote. */
  constructor(stage, file) {
    this.#stage = stage;
    this.#about = JSON.parse(readFileSync(join(stage, "stage.json"), "utf8"));
    this.#header = Buffer.from(`YUV4MPEG2 W${this.#about.width} H${this.#about.height} F15:1 Ip A1:1 C420jpeg\n`);
    this.#file = openSync(file, "w");
    writeSync(this.#file, this.#header);
    this.show("HOLDER");
    for (let i = 0; i < circle; i++) this.#write(); // whole before Chromium looks
    this.#timer = setInterval(() => this.#write(), between);
  }

  /** Puts another scene before the camera at once. */
  show(scene) {
    [this.#posture, this.#way, this.#rest] = [scene, [], this.#frames(scene)];
  }

  /** The holder does what the page asks for: a move, "" for coming back from a turn, null for being as in the beginning. */
  follow(move) {
    const from = this.#posture, distance = ["CLOSER", "AWAY"];
    if (!moves.includes(from) && from !== "HOLDER") return; // somebody or something else is before the camera
    const to = move === null ? "HOLDER" : distance.includes(move) && distance.includes(from) && move !== from ? "HOLDER" : move || (distance.includes(from) ? from : "HOLDER");
    if (to === from) return;
    this.#way = [...from === "HOLDER" ? [] : this.#frames(from).slice().reverse(), ...to === "HOLDER" ? [] : this.#frames(to)];
    this.#rest = to === "HOLDER" ? this.#frames(to) : this.#frames(to).slice(-1);
    this.#posture = to;
  }

  close() {
    clearInterval(this.#timer);
    closeSync(this.#file);
  }

  #frames(scene) {
    if (!this.#scenes.has(scene)) {
      const size = this.#about.width * this.#about.height * 3 / 2, n = this.#about.scenes[scene];
      if (!n) throw new Error(`no scene ${scene}`);
      const all = readFileSync(join(this.#stage, `${scene}.i420`));
      this.#scenes.set(scene, Array.from({ length: n }, (_, i) => all.subarray(i * size, (i + 1) * size)));
    }
    return this.#scenes.get(scene);
  }

  #write() {
    const picture = this.#noisy(this.#way.shift() ?? this.#rest[this.#written % this.#rest.length]);
    const at = this.#header.length + (this.#written++ % circle) * (delimiter.length + picture.length);
    writeSync(this.#file, delimiter, 0, delimiter.length, at);
    writeSync(this.#file, picture, 0, picture.length, at + delimiter.length);
  }

  /** Adds 0 to 3 to each luminance: a sensor gives no picture twice. */
  #noisy(planes) {
    const out = Buffer.from(planes), mask = this.#noise.length - 1, from = randomBytes(2).readUInt16LE();
    for (let i = this.#about.width * this.#about.height - 1; i >= 0; i--) out[i] = Math.min(255, out[i] + (this.#noise[(from + i) & mask] & 3));
    return out;
  }
}
