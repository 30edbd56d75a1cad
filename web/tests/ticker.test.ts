/** Times that run on a screen. */
import { mount } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { nextTick } from "vue";

import DurationTicker from "@/ui/DurationTicker.vue";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe("a time that runs down", () => {
  it("begins with its whole length when it is set between two ticks, and ends with none", async () => {
    const page = mount(DurationTicker, { props: { since: Date.now() } });
    vi.advanceTimersByTime(490);
    await page.setProps({ until: Date.now() + 15_000 });
    const shown = [page.text()];
    for (let second = 0; second < 16; second += 1) {
      vi.advanceTimersByTime(1000);
      await nextTick();
      shown.push(page.text());
    }
    expect([shown[0], shown.at(-1)]).toEqual(["0:15", "0:00"]);
    page.unmount();
  });
});
