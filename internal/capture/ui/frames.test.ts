import { test } from "node:test";
import assert from "node:assert/strict";
import { choose, type Frame } from "./frames.ts";

const film = (n: number, every = 150): Frame<number>[] => Array.from({ length: n }, (_, i) => ({ image: i, at: i * every, marked: false }));

test("few frames are all sent", () => { assert.equal(choose(film(40)).length, 40); });

test("the first, the last and the marked are among forty in their order", () => {
  const all = film(200);
  for (const i of [57, 58, 133]) all[i]!.marked = true;
  const sent = choose(all);
  assert.equal(sent.length, 40);
  assert.deepEqual(sent.slice(0, 5).map(f => f.image), [0, 1, 2, 3, 4]);
  for (const i of [57, 58, 133, 199]) assert.ok(sent.some(f => f.image === i), String(i));
  assert.deepEqual(sent.map(f => f.at), sent.map(f => f.at).sort((a, b) => a - b));
});

test("no gap is wider than the server allows", () => {
  const sent = choose(film(600));
  assert.ok(Math.max(...sent.slice(1).map((f, i) => f.at - sent[i]!.at)) < 3000);
});

test("more marks than places keep within the limit", () => {
  assert.equal(choose(film(90).map(f => ({ ...f, marked: true }))).length, 40);
});
