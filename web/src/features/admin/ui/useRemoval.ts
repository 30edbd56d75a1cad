/** Removing something: asks first and says what it means; tells what stands in the way. */
import { useQueryClient } from "@tanstack/vue-query";
import { ElMessage, ElMessageBox } from "element-plus";
import { useI18n } from "vue-i18n";

import { api, ApiError } from "@/api/client";
import { useErrorText } from "@/api/useErrorText";

import type { Usage } from "../types";

export function useRemoval(path: string) {
  const { t, te } = useI18n();
  const { sayError } = useErrorText();
  const client = useQueryClient();
  const name = path.slice(1);

  function usages(error: ApiError): string {
    const used = Array.isArray(error.details.used_by) ? (error.details.used_by as Usage[]) : [];
    return used.map((one) => `${te(`admin.kind.${one.kind}`) ? t(`admin.kind.${one.kind}`) : one.kind} ${one.name}`).join(t("admin.list_comma"));
  }

  /** `means`: what changes for whom. True when it was removed. */
  async function remove(item: { id: string; name: string }, means: string): Promise<boolean> {
    try {
      await ElMessageBox.confirm(means, t("admin.remove_title", { name: item.name }), { confirmButtonText: t("common.delete"), cancelButtonText: t("common.cancel"), type: "warning", confirmButtonClass: "el-button--danger" });
    } catch {
      return false;
    }
    try {
      await api.delete(`${path}/${item.id}`);
      ElMessage.success(t("admin.removed", { name: item.name }));
      await Promise.all(["list", name].map((key) => client.invalidateQueries({ queryKey: [key] })));
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.id === "in_use") {
        await ElMessageBox.alert(t("admin.in_use_text", { used: usages(error) }), t("admin.in_use", { name: item.name }), { type: "warning", confirmButtonText: t("common.close") }).catch(() => undefined);
      } else {
        sayError(error);
      }
      return false;
    }
  }

  return { remove };
}
