/** What works without a mouse, and in the reader's language. */
import { VueQueryPlugin } from "@tanstack/vue-query";
import { flushPromises, mount } from "@vue/test-utils";
import ElementPlus from "element-plus";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { defineComponent, h, nextTick, ref } from "vue";

import LevelPicker from "@/features/admin/ui/LevelPicker.vue";
import OpenName from "@/features/admin/ui/OpenName.vue";
import { useLookup } from "@/features/desk/workspace/useLookup";
import { i18n, setLocale } from "@/i18n";
import FocusPanel from "@/ui/FocusPanel.vue";

const asked: URL[] = [];
beforeEach(() => {
  asked.length = 0;
  vi.stubGlobal("fetch", (url: string) => {
    asked.push(new URL(url, "http://server"));
    return Promise.resolve(new Response(JSON.stringify({ number: {}, customers: [], recent: [] })));
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  setLocale("zh-CN");
  document.body.innerHTML = "";
});

const show = (component: Parameters<typeof mount>[0], props: Record<string, unknown> = {}) =>
  mount(component, { props, global: { plugins: [i18n, ElementPlus, VueQueryPlugin] }, attachTo: document.body });

describe("a panel that a key opens", () => {
  const shown = ref(false);
  const Page = defineComponent(() => () => [
    h("button", { id: "opener", onClick: () => (shown.value = true) }, "open"),
    shown.value ? h(FocusPanel, { label: "Columns", onClose: () => (shown.value = false) }, () => h("button", { id: "inside" }, "in")) : null,
  ]);

  it("takes the focus, and gives it back on Escape", async () => {
    show(Page);
    const opener = document.getElementById("opener");
    opener?.focus();
    opener?.click();
    await vi.waitFor(() => expect(document.activeElement?.getAttribute("aria-label")).toBe("Columns"));
    document.getElementById("inside")?.focus();
    document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    await nextTick();
    expect(shown.value).toBe(false);
    expect(document.activeElement).toBe(opener);
  });
});

describe("the levels of a skill", () => {
  it("are one stop of the Tab key, and arrows choose among them", async () => {
    const level = ref(9);
    const page = show(defineComponent(() => () => h(LevelPicker, { label: "English", modelValue: level.value, "onUpdate:modelValue": (value: number) => (level.value = value) })));
    expect(page.findAll("[tabindex='0']").map((one) => one.text())).toEqual(["9"]);
    const press = (key: string) => page.get("[role=radiogroup]").trigger("keydown", { key });
    await press("ArrowRight");
    await press("ArrowRight");
    expect([level.value, document.activeElement?.textContent]).toEqual([10, "10"]);
    await press("Home");
    expect(level.value).toBe(0);
    expect(document.activeElement?.getAttribute("aria-label")).toBe(i18n.global.t("common.none"));
  });
});

describe("a row of a list", () => {
  it("opens by its name, which is a button, as by a click on the row", async () => {
    const opened = vi.fn();
    const page = show(defineComponent(() => () => h("div", { onClick: opened }, [h(OpenName, { text: "咨询" })])));
    await page.get("button").trigger("click");
    expect(opened).toHaveBeenCalledTimes(1);
    expect(page.get("button").attributes("title")).toBe("咨询");
  });
});

describe("where a number is from", () => {
  it("is asked for in the language of the screens, and again when that changes", async () => {
    show(defineComponent({ setup: () => (useLookup(() => "13812340040"), () => h("div")) }));
    await flushPromises();
    setLocale("en");
    await flushPromises();
    expect(asked.map((url) => url.searchParams.get("language"))).toEqual(["zh", "en"]);
  });
});
