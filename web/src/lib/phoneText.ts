/** A number as people here read it: mobile numbers 3-4-4, without +86; others as they are. */
export function phoneText(number: string): string {
  const home = /^(?:\+?86)?(1[3-9]\d)(\d{4})(\d{4})$/.exec(number);
  if (home) return `${home[1]} ${home[2]} ${home[3]}`;
  const land = /^\+86(10|2\d|[3-9]\d{2})(\d{7,8})$/.exec(number);
  if (land) return `0${land[1]} ${land[2]}`;
  return number;
}
