import { test } from "node:test";
import assert from "node:assert/strict";
import type { Face } from "./api.ts";
import { Tracker } from "./moves.ts";

const face = (yaw = 0, pitch = 0, height = 0.4): Face => ({ x: 0.3, y: 0.3, width: 0.3, height, yaw, pitch });

function rested(...moves: ConstructorParameters<typeof Tracker>[0]): Tracker {
  const t = new Tracker(moves);
  assert.equal(t.see(face()), "resting");
  assert.equal(t.see(face()), "resting");
  assert.equal(t.see(face()), "ready");
  return t;
}

test("turns are asked for one after the other, each from a head at rest", () => {
  const t = rested("LEFT", "UP");
  assert.equal(t.next, "LEFT");
  assert.equal(t.see(face(-10)), "waiting");
  assert.equal(t.see(face(-25)), "moved");
  assert.equal(t.see(face(-25)), "return");
  assert.equal(t.see(face(-5, 15)), "return", "up before the head was back");
  assert.equal(t.see(face(0, 3)), "waiting");
  assert.equal(t.see(face(0, 15)), "moved");
  assert.equal(t.see(face(0, 14)), "return");
  assert.equal(t.see(face()), "done");
});

test("moves and the rests between them are told from what only fills the time", () => {
  const t = rested("LEFT", "UP");
  const telling = (yaw: number, pitch = 0) => { t.see(face(yaw, pitch)); return t.telling; };
  assert.deepEqual([0, 0, 0].map(yaw => telling(yaw)), [true, true, false], "waiting");
  assert.deepEqual([-25, -25, -25, -25].map(yaw => telling(yaw)), [true, true, true, false], "moved, then on the way back");
  assert.deepEqual([0, 0, 0].map(yaw => telling(yaw)), [true, true, false], "at rest again");
  assert.ok(telling(0, 15), "moved");
});

test("another move asks to begin again", () => {
  assert.equal(rested("LEFT").see(face(25)), "wrong");
  assert.equal(rested("CLOSER").see(face(0, 0, 0.2)), "wrong");
});

test("distances count from the last one", () => {
  const t = rested("CLOSER", "AWAY");
  assert.ok(t.target! > 0.6);
  assert.equal(t.see(face(0, 0, 0.5)), "waiting");
  assert.equal(t.see(face(0, 0, 0.61)), "moved");
  assert.equal(t.see(face(0, 0, 0.45)), "waiting");
  assert.equal(t.see(face(0, 0, 0.4)), "moved");
  assert.equal(t.see(face(0, 0, 0.4)), "done");
});

test("a distance counts from where the face turned back", () => {
  const t = rested("AWAY", "CLOSER");
  assert.equal(t.see(face(0, 0, 0.26)), "moved");
  assert.equal(t.see(face(0, 0, 0.2)), "waiting");
  assert.ok(t.target! < 0.32);
  assert.equal(t.see(face(0, 0, 0.29)), "waiting");
  assert.equal(t.see(face(0, 0, 0.31)), "moved");
});

test("a face that is turned does not begin", () => {
  const t = new Tracker(["LEFT"]);
  for (let i = 0; i < 9; i++) assert.equal(t.see(face(30)), "resting");
  assert.equal(t.next, null);
});

test("a lost face asks to begin again, a short loss does not", () => {
  const t = rested("LEFT");
  for (let i = 0; i < 4; i++) assert.equal(t.see(null), "waiting");
  assert.equal(t.see(null), "lost");
});
