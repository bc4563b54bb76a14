/** Longest settings file, in bytes: far more than all settings and much said about them take. */
export const settingsBytesMax = 1024 * 1024;
