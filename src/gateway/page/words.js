/** The page's words in the browser's language. */

const chinese = {
  "Servers": "服务器",
  "Methods": "方法",
  "Calls per second": "每秒调用数",
  "address": "地址",
  "state": "状态",
  "version": "版本",
  "zone": "区域",
  "weight": "权重",
  "workers busy": "忙碌进程",
  "calls/s": "调用/秒",
  "ready": "就绪",
  "draining": "排空中",
  "no answer": "无应答",
  "asking": "询问中",
  "joined": "加入",
  "drains": "排空",
  "died": "失联",
  "left": "离开",
  "others": "其他",
  "errors": "错误",
  "Call": "调用",
  "Cancel": "取消",
  "Cancelled": "已取消",
  "Copy": "复制",
  "Add": "添加",
  "Remove": "移除",
  "Find a method": "查找方法",
  "Timeout in ms": "超时（毫秒）",
  "Result": "结果",
  "History": "历史",
  "copy as": "复制为",
  "The token that rpc gateway printed": "rpc gateway 打印的令牌",
  "Go on": "继续",
  "may run twice": "可重复执行",
  "stream": "流",
  "optional": "可选",
  "It is no JSON": "不是 JSON",
  "It is missing": "缺少此项",
  "It does not fit": "不符合",
  "no server answers": "没有服务器应答",
  "The gateway does not answer": "网关没有应答",
  "The gateway was started anew, with another token": "网关已重新启动，令牌已更换",
  "It is new at each start, in the address that it prints; --token-file keeps it":
    "每次启动都会更换，见其打印的地址；用 --token-file 可保持不变",
  "That is not its token": "令牌不对",
  "The browser keeps no cookie for this page": "浏览器不为本页保存 Cookie",
  "more": "个字符未显示",
};

const isChinese = navigator.language.startsWith("zh");
if (isChinese) document.documentElement.lang = "zh";

/** A text in the browser's language. */
export const t = (text) => isChinese ? chinese[text] ?? text : text;
