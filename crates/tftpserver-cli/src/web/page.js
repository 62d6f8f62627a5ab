"use strict";
// Shows transfers.json, once a second. Names come from the network: they are only ever set as text.

const byId = (id) => document.getElementById(id);

function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let unit = 0;
  while (count >= 1024 && unit + 1 < units.length) {
    count /= 1024;
    unit += 1;
  }
  return `${unit ? count.toFixed(1) : count} ${units[unit]}`;
}

const perSecond = (count) => `${bytes(Math.round(count))}/s`;
const average = (one) => (one.seconds >= 0.001 ? perSecond(one.bytes / one.seconds) : "");

// What each running transfer, and all together, had moved when it was looked at last.
let before = new Map();

// Bytes a second since the last look; at first, since the transfer began.
function present(key, count, at, otherwise) {
  const last = before.get(key);
  return last && at > last.at ? perSecond((Math.max(0, count - last.count) / (at - last.at)) * 1000) : otherwise;
}

const client = (one) => (one.client.includes(":") ? `[${one.client}]:${one.port}` : `${one.client}:${one.port}`);
const fileName = (one) => (one.served === null ? one.file : `${one.file} => ${one.served}`);
const time = (one) => new Date(one.began).toLocaleTimeString();

function cell(content, kind = "", label = "") {
  const made = document.createElement("td");
  made.className = kind;
  made.dataset.label = label;
  made.append(content);
  return made;
}

const file = (one) => cell(fileName(one), "file");
const figure = (text, label) => cell(text, label ? "number counted" : "number", label);
const operation = (one) => cell(one.operation === "read" ? "reads" : "writes", "operation");

function progress(one) {
  const made = document.createElement("div");
  made.className = "bar";
  const bar = document.createElement("progress");
  const text = document.createElement("span");
  if (one.size) {
    bar.max = one.size;
    bar.value = one.bytes;
    text.textContent = `${Math.min(100, Math.floor((one.bytes / one.size) * 100))} %`;
  }
  made.append(bar, text);
  return made;
}

function fill(id, transfers, cells) {
  byId(id).replaceChildren(...transfers.map((one) => {
    const row = document.createElement("tr");
    row.append(...cells(one));
    return row;
  }));
}

function show(now) {
  const at = performance.now();
  byId("listening").textContent = `${now.version}, on ${now.listening || "no address any more"}`;
  byId("running").textContent = now.running;
  byId("completed").textContent = now.totals.completed;
  byId("failures").textContent = now.totals.failed;
  byId("bytes").textContent = bytes(now.totals.bytes);
  byId("rate").textContent = present("all", now.totals.bytes, at, "–");
  byId("again").textContent = now.totals.retransmissions;
  const more = now.running - now.active.length;
  byId("more").textContent = more > 0 ? `and ${more} more` : "";
  fill("active", now.active, (one) => [
    cell(client(one)), operation(one), file(one), cell(progress(one), "progress"), figure(bytes(one.bytes), ""),
    figure(present(one.id, one.bytes, at, average(one)), ""), figure(String(one.retransmissions), "sent again"),
  ]);
  fill("failed", now.failed.slice(0, 10), (one) => [
    cell(time(one)), cell(client(one)), operation(one), file(one), cell(one.reason, "bad"),
  ]);
  // Those that failed are shown above, with their reason.
  fill("ended", now.ended.filter((one) => one.outcome === "completed" || one.outcome === "probe"), (one) => [
    cell(time(one)), cell(client(one)), operation(one), file(one),
    cell(one.outcome, one.outcome === "completed" ? "good" : ""),
    figure(bytes(one.bytes), ""), figure(`${one.seconds.toFixed(2)} s`, ""), figure(average(one), ""),
  ]);
  before = new Map(now.active.map((one) => [one.id, { at, count: one.bytes }]));
  before.set("all", { at, count: now.totals.bytes });
}

async function look() {
  try {
    const answer = await fetch("transfers.json", { cache: "no-store" });
    show(await answer.json());
    byId("state").textContent = "";
  } catch {
    byId("state").textContent = "The server does not answer; what is shown is old.";
  }
  setTimeout(look, 1000);
}

look();
