// Says yes to every SIP REGISTER, so that the softphone is on line.

/** @param {import("ws").WebSocket} socket */
export function registrar(socket) {
  socket.on("message", (data) => {
    const lines = String(data).split("\r\n");
    if (!lines[0]?.startsWith("REGISTER ")) return;
    const kept = lines.filter((line) => /^(via|from|call-id|cseq):/i.test(line));
    const to = lines.find((line) => /^to:/i.test(line));
    const contact = lines.find((line) => /^contact:/i.test(line))?.replace(/;expires=\d+/, "");
    const answer = ["SIP/2.0 200 OK", ...kept, `${to};tag=mock`, `${contact};expires=120`, "Content-Length: 0", "", ""];
    socket.send(answer.join("\r\n"));
  });
}
