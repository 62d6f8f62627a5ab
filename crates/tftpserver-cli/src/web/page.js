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

const rate = (one) => (one.seconds >= 0.001 ? `${bytes(Math.round(one.bytes / one.seconds))}/s` : "");
const client = (one) => (one.client.includes(":") ? `[${one.client}]:${one.port}` : `${one.client}:${one.port}`);
const file = (one) => (one.served === null ? one.file : `${one.file} => ${one.served}`);
const time = (one) => new Date(one.began).toLocaleTimeString();

function cell(content, kind = "") {
  const made = document.createElement("td");
  made.className = kind;
  made.append(content);
  return made;
}

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
  byId("listening").textContent = `${now.version}, on ${now.listening || "no address any more"}`;
  const running = now.active.reduce((sum, one) => sum + one.bytes, 0);
  byId("running").textContent = now.active.length;
  byId("completed").textContent = now.totals.completed;
  byId("failures").textContent = now.totals.failed;
  byId("bytes").textContent = bytes(now.totals.bytes + running);
  const again = now.active.reduce((sum, one) => sum + one.retransmissions, 0);
  byId("again").textContent = now.totals.retransmissions + again;
  fill("active", now.active, (one) => [
    cell(client(one)), operation(one), cell(file(one)), cell(progress(one)),
    cell(bytes(one.bytes), "number"), cell(rate(one), "number"), cell(String(one.retransmissions), "number"),
  ]);
  fill("failed", now.failed.slice(0, 10), (one) => [
    cell(time(one)), cell(client(one)), operation(one), cell(file(one)), cell(one.reason, "bad"),
  ]);
  fill("ended", now.ended, (one) => [
    cell(time(one)), cell(client(one)), operation(one), cell(file(one)),
    cell(one.outcome.replace("_", " "), one.outcome === "completed" ? "good" : one.outcome === "probe" ? "" : "bad"),
    cell(bytes(one.bytes), "number"), cell(one.seconds.toFixed(2), "number"), cell(rate(one), "number"),
  ]);
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
