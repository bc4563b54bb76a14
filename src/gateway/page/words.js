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
  "workers busy": "繁忙工作进程",
  "calls/s": "调用/秒",
  "ready": "就绪",
  "draining": "排空中",
  "no answer": "无应答",
  "asking": "查询中",
  "joined": "上线",
  "drains": "开始排空",
  "died": "失联",
  "left": "下线",
  "others": "其他",
  "errors": "个错误",
  "Call": "调用",
  "Cancel": "取消",
  "Cancelled": "已取消",
  "Copy": "复制",
  "Add": "添加",
  "Remove": "移除",
  "Find a method": "查找方法",
  "Timeout in ms": "超时（毫秒）",
  "Result": "结果",
  "History": "历史记录",
  "copy as": "复制为",
  "The token that rpc gateway printed": "rpc gateway 打印的令牌",
  "Continue": "继续",
  "idempotent": "幂等",
  "stream": "流式",
  "optional": "可选",
  "Not valid JSON": "不是有效的 JSON",
  "Missing": "缺少值",
  "Does not match the schema": "不符合 schema",
  "no server answers": "没有服务器应答",
  "The gateway does not answer": "网关没有应答",
  "The gateway was restarted with a new token": "网关已重启，令牌已更换",
  "Each start prints an address with a new token; --token-file keeps the same one":
    "每次启动都会生成新令牌，随地址一起打印；用 --token-file 可固定令牌",
  "Wrong token": "令牌错误",
  "The browser did not keep the cookie": "浏览器没有保存 Cookie",
  "more": "个字符未显示",
};

const isChinese = navigator.language.startsWith("zh");
if (isChinese) document.documentElement.lang = "zh";

/** A text in the browser's language. */
export const t = (text) => isChinese ? chinese[text] ?? text : text;
