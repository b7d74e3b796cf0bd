/** Words by which a Chinese request is cut: what asks, what leads to a value, what counts; and what means the same in English. */
import { meanings } from '../text/lexicon.ts';
import { hasHan } from '../text/text.ts';

const set = (text: string) => new Set(text.split(/\s+/));

/** Carry no content: never the edge of a value. */
export const PARTICLES = set(
  `的 了 吗 呢 吧 啊 呀 嘛 哦 嗯 呗 哈 哎 诶 喂 呃 额 一下 一下儿 下 请 麻烦 帮 帮我 帮忙 我 我们 咱 咱们 我的 你 你们 您 他 她 它 想 要 想要 需要 我要 我想 可以 能 能不能 可不可以 可否
  会 那个 这个 那 这 就 也 都 还 再 很 太 全 全都 是 是不是 有 有没有 没有 什么 怎么样 怎样 怎么 如何 多少 几 哪 哪个 一个 一些 些 点 点儿 顺便 然后 接着 现在 马上 立刻 赶紧 大概 大约 左右 以内 之内 以下 以上
  不 没 别 不要 不用 好 好的 行 得 着 过 地 所 而 被 给我 让我 一共 总共 其中 时候 啥 嘞 咯 喽 刚才 刚刚 先 每 每天 别忘了 记得 里 里面 上 中 内 又 或者 还是 应该 适合 来着 附近 周边 旁边 有点 一点 那种 这种 多`,
);

/** Lead to a value that stands behind. */
export const CUES = set(
  '在 到 去 往 回 从 由 给 跟 和 与 及 以及 叫 把 将 让 用 为 向 对 替 关于 有关 说 告诉 途经 途径 经过 途中 送到 送 送去 飞 飞往 前往 至 找 换成 成 等于 等 因为 由于 备注 名叫 改成 变成 存到 加到 放到 直到',
);

/** Ask for something to be done; what they are done to stands behind or before. */
export const VERBS = set(
  `打开 开启 开 关闭 关掉 关上 关 播放 放 听 买 购买 订 预订 预定 预约 约 点 来 查 查查 查询 看 看看 查看 搜 搜索 搜搜 找找 导航 定 设 设置 设定 设成 设为 调 调到 调成 调节 调整 翻译 译 转 转账 转给 汇款 发 发送 发给 打 加 添加 增加
  新建 创建 建 申请 推荐 换 换算 兑换 计算 算 算算 提醒 呼叫 拨打 打电话 打车 拨 带 带我 叫醒 取消 删除 启动 停止 暂停 继续 入住 住 退 退款 借 贷款 百度 谷歌 检索 查找 了解 知道 告知 通知 打扫 扫 清扫 拉 拉开 拉上 升 降
  提高 降低 调高 调低 走 坐 乘 喝 吃 做 开车 记 记下 记录 介绍 帮忙 排序 比较 出发 到达 推迟 搞 弄 整 换成 存 需要 使 举行 开会 召开 见 租 挂 花 花了 开到 调到 打个 打开 约 预报`,
);

/** Stand between a number and what it counts. */
export const MEASURES = set(
  '个 位 名 人 杯 份 张 间 台 件 瓶 包 盒 箱 袋 条 双 只 本 部 首 家 辆 把 碗 盘 道 档 级 次 遍 套 支 枝 束 股 颗 块 片 桶 听 罐 桌 顿 封 笔 项 句 段 篇 门 种 款 顶 架 艘 副 对 朵 棵 根 粒 层 站 页 集 期 场 桩 条 串 打 晚 夜 折 倍 号 座 圈',
);

/** What joins the parts of a list. */
export const JOINTS = /^(?:和|与|及|以及|跟|还有|、|,|，)$/;

/** One meaning a line, its English words and the Chinese that stand for them; beside the shared lexicon. */
const SYNONYMS = `
driver 主驾 驾驶位 主驾驶 司机位
passenger 副驾 副驾驶
rear 后排 后座 后面
front 前排 前座 前面
all 所有 全部 全车 全都 全屋 都
quiet silent 安静 静音 轻柔 安静地
strong powerful turbo 强力 强劲 强档
standard normal regular 标准 正常 普通 常规
economy 经济舱 经济型 经济 快车
comfort comfortable 舒适 舒适型
luxury luxurious 豪华 豪华型 豪华车
business 商务舱 商务 公务舱
first 头等舱 头等
oily 油皮 油性 出油
dry 干皮 干性 干燥
sensitive 敏感 敏感肌 敏感性
combination mixed 混合 混合性 混油 混干
weekdays weekday workdays 工作日 周一到周五 周一至周五
weekends weekend 周末 双休日
daily everyday 每天 每日 天天
weekly 每周 每星期
monthly 每月 每个月
none once 不重复 仅一次 一次 无
asc ascending 从低到高 由低到高 升序
desc descending 从高到低 由高到低 降序
sales popularity 销量 热销
rating score 评分 好评
price 价格 价钱 价位
red 红色 红
blue 蓝色 蓝
green 绿色 绿
white 白色 白光 白
yellow 黄色 黄
black 黑色 黑
pink 粉色 粉红
purple 紫色 紫
warm 暖色 暖光 暖黄 暖
cold 冷 冷光
small 小 小杯 小份 小号 小型
medium 中 中杯 中份 中号 中型
large big 大 大杯 大份 大号 大型
extra_large xl 超大 超大杯 特大
spicy 辣 香辣 麻辣
mild 微辣 少辣
vegetarian veggie 素 素食
private 包间 包厢 私密
room 包间 包厢 房间
window 靠窗
smoking 吸烟
morning 上午 早上
parking 停车 车位
breakfast 早餐 含早
pet pets 宠物
highway highways motorway 高速 高速公路
toll tolls 收费 过路费
open 打开 开启 开 开到 开开 营业 开门 拉开
close closed 关闭 关掉 关上 关 关了 打烊 拉上
iced ice cold 冰 加冰 冰的
hot 热 热的 加热 烫
urgent priority 加急 紧急 急
express 快递 特快 加急
insurance 保险
gift 礼物 礼品 礼盒
credit 信用卡
cash 现金
wechat 微信
alipay 支付宝
card 银行卡 刷卡
male 男 男士 男生
female 女 女士 女生
cool cooling 制冷 冷气
heat heating 制热 暖气 取暖
auto automatic 自动
manual 手动
sport 运动
eco 节能 经济
cake 蛋糕
round 往返
return 往返 回程
one_way 单程
up 向上 往上
down 向下 往下
left 左 左边 左侧
right 右 右边 右侧
`;

const synonyms = new Map<string, string[]>();
const bilingual = new Map<string, string[]>();
for (const line of SYNONYMS.trim().split('\n')) {
  const members = line.trim().split(/\s+/);
  const han = members.filter(hasHan);
  for (const member of members) {
    if (hasHan(member)) bilingual.set(member, [...(bilingual.get(member) ?? []), `#${members[0]!}`]);
    else {
      synonyms.set(member, [...(synonyms.get(member) ?? []), ...han]);
      bilingual.set(member, [...(bilingual.get(member) ?? []), `#${members[0]!}`]);
    }
  }
}

/** Chinese words that stand for an English one, the longest first. */
export function hanOf(word: string): readonly string[] {
  return synonyms.get(word) ?? [];
}

/** Meanings of a word of either language, as `#name`. */
export function meaningsOfWord(word: string): readonly string[] {
  return [...meanings(word), ...(bilingual.get(word) ?? [])];
}

/** Meanings that this file adds to the shared lexicon. */
export function bilingualOf(word: string): readonly string[] {
  return bilingual.get(word) ?? [];
}
