/** Longest settings file, in bytes: room for all settings with long comments. */
export const settingsBytesMax = 1024 * 1024;
