import { Collection, DataBoard, Headset, List, Phone, PhoneFilled, Setting, User, UserFilled } from "@element-plus/icons-vue";
import type { Component } from "vue";

/** The icons a navigation item may name. */
export const icons: Record<string, Component> = { Collection, DataBoard, Headset, List, Phone, PhoneFilled, Setting, User, UserFilled };
