/**
 * A part of the screens could not be loaded when somebody wanted a page. After an upgrade the parts have new names, and
 * a page that was opened before asks for the old ones: loading the page anew brings the new ones. Calls outlive that.
 */
import { ElMessage } from "element-plus";
import type { Router } from "vue-router";

import { i18n } from "@/i18n";

const STORED = "hujiao.renewed";
/** Loaded anew and failed again within this time: loading once more would not help. */
const AGAIN_MS = 10_000;

export function recoverLoading(router: Router, load: (path: string) => void = (path) => location.assign(path)): void {
  router.onError(async (_error, to) => {
    const { t } = i18n.global;
    if (!(await isReached())) ElMessage.error({ message: t("errors.network"), grouping: true, showClose: true });
    else if (Date.now() - Number(sessionStorage.getItem(STORED)) < AGAIN_MS) ElMessage.error({ message: t("errors.unexpected"), grouping: true, showClose: true });
    else {
      sessionStorage.setItem(STORED, String(Date.now()));
      load(to.fullPath);
    }
  });
}

/** Loading anew while nothing answers would leave the browser's own error page. */
async function isReached(): Promise<boolean> {
  try {
    return (await fetch("/", { method: "HEAD", cache: "no-store" })).ok;
  } catch {
    return false;
  }
}
