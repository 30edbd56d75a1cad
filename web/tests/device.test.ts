import { describe, expect, it } from "vitest";

import { localPath } from "@/app/localPath";
import { deviceText } from "@/features/session/device";

describe("where somebody is signed in", () => {
  it("is a browser and a system, as people call them", () => {
    expect(deviceText("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0")).toBe("Edge · Windows");
    expect(deviceText("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36")).toBe("Chrome · Linux");
    expect(deviceText("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit/605.1 (KHTML, like Gecko) Version/18.0 Safari/605.1")).toBe("Safari · macOS");
    expect(deviceText("curl/8.0")).toBe("curl/8.0");
  });
});

describe("where a sign-in leads", () => {
  it("is a page of ours", () => {
    expect(localPath("/calls?q=1")).toBe("/calls?q=1");
    for (const elsewhere of ["//evil.example", "/\\evil.example", "https://evil.example", "", undefined]) expect(localPath(elsewhere)).toBeNull();
  });
});
