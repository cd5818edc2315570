// compare.js CASE: runs CASE/model.onnx in ONNX Runtime as CASE/case.json says. One line of JSON: the largest difference
// relative to the largest value of each output, and both times in milliseconds.
'use strict';
const fs = require('fs');
const path = require('path');
const { createRequire } = require('module');
const ort = createRequire(path.join(process.env.MILLRACE_ORT || __dirname, 'package.json'))('onnxruntime-node');

const ARRAYS = { float32: Float32Array, float64: Float64Array, int8: Int8Array, uint8: Uint8Array, int16: Int16Array,
  uint16: Uint16Array, int32: Int32Array, uint32: Uint32Array, int64: BigInt64Array, uint64: BigUint64Array,
  bool: Uint8Array };

function read(folder, entry) {
  const bytes = fs.readFileSync(path.join(folder, entry.file));
  const copy = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  return new ARRAYS[entry.type](copy);
}

function difference(a, b) {
  if (a.length !== b.length) return Infinity;
  let largest = 0;
  let apart = 0;
  for (let i = 0; i < a.length; ++i) {
    const x = Number(a[i]);
    const y = Number(b[i]);
    largest = Math.max(largest, Math.abs(y));
    const d = Math.abs(x - y);
    apart = Number.isNaN(d) ? (Number.isNaN(x) && Number.isNaN(y) ? apart : Infinity) : Math.max(apart, d);
  }
  return largest > 0 ? apart / largest : apart;
}

async function main() {
  const folder = process.argv[2];
  const test = JSON.parse(fs.readFileSync(path.join(folder, 'case.json')));
  const session = await ort.InferenceSession.create(path.join(folder, 'model.onnx'), {
    intraOpNumThreads: test.threads, interOpNumThreads: 1, logSeverityLevel: 3 });
  const feeds = {};
  for (const input of test.inputs) feeds[input.name] = new ort.Tensor(input.type, read(folder, input), input.dims);
  let best = Infinity;
  let results;
  for (let i = 0; i < test.runs; ++i) {
    const start = process.hrtime.bigint();
    results = await session.run(feeds);
    best = Math.min(best, Number(process.hrtime.bigint() - start) / 1e6);
  }
  let worst = 0;
  for (const output of test.outputs) {
    const theirs = results[output.name];
    if (JSON.stringify(theirs.dims.map(Number)) !== JSON.stringify(output.dims)) worst = Infinity;
    worst = Math.max(worst, difference(read(folder, output), theirs.data));
  }
  console.log(JSON.stringify({ difference: String(worst), millrace_ms: test.milliseconds, ort_ms: best }));
}

main().catch((error) => { console.error(String(error)); process.exit(1); });
