import { ref } from "vue";

export type Theme = "system" | "light" | "dark";

const STORED = "hujiao.theme";
const system = window.matchMedia("(prefers-color-scheme: dark)");
const stored = localStorage.getItem(STORED);

export const theme = ref<Theme>(stored === "light" || stored === "dark" ? stored : "system");

function apply(): void {
  const dark = theme.value === "dark" || (theme.value === "system" && system.matches);
  document.documentElement.classList.toggle("dark", dark);
}

export function setTheme(choice: Theme): void {
  theme.value = choice;
  localStorage.setItem(STORED, choice);
  apply();
}

system.addEventListener("change", apply);
apply();
