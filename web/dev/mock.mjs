// A stand-in for the server while screens are made: `npm run mock`, then `npm run dev`. Never part of the build.
// POST /mock/scene {"name": "..."} sets what happens on the floor; the scenes are in scenes.mjs.
import { createServer } from "node:http";

import { WebSocketServer } from "ws";

import { answers } from "./answers.mjs";
import { scene, world } from "./scenes.mjs";
import { registrar } from "./registrar.mjs";

const PORT = Number(process.env.MOCK_PORT ?? 18099);
const screens = new Set();

function snapshot() {
  const { agents, calls, queues } = world;
  return { t: "snapshot", agents: Object.values(agents), calls: Object.values(calls), queues: Object.values(queues) };
}

function tellAll() {
  for (const socket of screens) socket.send(JSON.stringify(snapshot()));
}

async function bodyOf(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text === "" ? {} : JSON.parse(text);
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://mock");
  const body = await bodyOf(request);
  if (url.pathname === "/mock/scene") {
    scene(body.name);
    tellAll();
    response.writeHead(204).end();
    return;
  }
  const [status, answer] = answers(request.method, url.pathname.replace(/^\/api/, ""), url.searchParams, body, tellAll);
  response.writeHead(status, { "content-type": "application/json" });
  response.end(answer === undefined ? "" : JSON.stringify(answer));
});

const live = new WebSocketServer({ noServer: true });
const sip = new WebSocketServer({ noServer: true, handleProtocols: () => "sip" });

live.on("connection", (socket) => {
  screens.add(socket);
  socket.on("close", () => screens.delete(socket));
  socket.on("message", () => socket.send(JSON.stringify({ t: "pong", now: Date.now() })));
  socket.send(JSON.stringify({ t: "hello", now: Date.now(), floor: true }));
  socket.send(JSON.stringify(snapshot()));
});
sip.on("connection", registrar);

server.on("upgrade", (request, socket, head) => {
  const target = request.url.startsWith("/api/live") ? live : sip;
  target.handleUpgrade(request, socket, head, (opened) => target.emit("connection", opened));
});
server.listen(PORT, "127.0.0.1", () => console.log(`mock on http://127.0.0.1:${PORT}`));
