/**
 * A small general lexicon, English and Chinese: words that mean about the same, function words. Words of feeling stand in `analysis/`.
 * It holds words only, no sentences, and nothing of any one trade: what an agent knows comes from its examples.
 */
import { stem } from './text.ts';

/** Each line is one meaning. A line's first word names it. */
const MEANINGS = `
open 打开 开启 开 unlock launch start 启动 启用 enable activate
close 关闭 关掉 关上 关 shut
on 打开 开启 开
off 关闭 关掉 关 disable 停用
stop 停止 暂停 停 pause halt 终止
resume continue 继续 恢复
play 播放 放 listen 听
set 设置 设定 设为 设成 调到 调成 调整 调节 adjust change 修改 更改 改成 改 update 更新 modify edit
raise increase 提高 调高 升高 增加 加大 调大 higher louder warmer up
lower decrease reduce 降低 调低 减小 减少 调小 lower quieter cooler down
search find look lookup 搜索 查找 搜 查 找 查询 检索 query
get show fetch read view display check tell list 查看 显示 查询 查 看 看看 告诉 列出 获取 读取
create add make new 创建 新建 添加 新增 增加 加 建立
delete remove erase clear 删除 移除 清除 清空 删 去掉
cancel 取消 撤销 退订
book reserve reservation booking 预订 预定 订 预约 订位 订座
order buy purchase 点 下单 购买 买 订购 点单 订单
pay payment 支付 付款 付 结账 checkout
send deliver 发送 发 寄 传 送
call phone dial ring 打电话 拨打 呼叫 致电 电话
message text sms 短信 消息 信息
email mail 邮件 电子邮件 邮箱
navigate navigation route direction directions drive 导航 路线 去 开车 怎么走
translate translation 翻译 译成 译
calculate compute math calculation 计算 算 算一下
convert conversion exchange 换算 转换 兑换 折合
remind reminder 提醒
alarm wake 闹钟 叫醒 闹铃
timer countdown 计时 倒计时 定时
schedule calendar appointment meeting event 日程 日历 会议 行程 安排 约会
note memo 笔记 备忘 记下 记
weather forecast 天气 预报 下雨 rain 气象 snow 下雪 sunny
temperature 温度 气温 度数 degree degrees 度 hot cold warm cool 冷 热 摄氏度
window 车窗 窗户 窗
door 车门 门
light lamp lights 灯 灯光 照明 电灯
air_conditioner ac aircon climate hvac conditioner 空调 冷气 暖气 heating
seat 座椅 座位
heat heating heater 加热 取暖
fan 风扇 风量 风速
volume sound loud 音量 声音
music song track 音乐 歌 歌曲 曲子 artist album
radio station 电台 收音机
video movie film 视频 电影 影片
news headline headlines 新闻 资讯
stock share 股票 股价 股市
price cost fee 价格 价钱 多少钱 费用
money amount cash 钱 金额 款
bank account balance 银行 账户 余额
transfer remit 转账 汇款 转
refund return 退款 退货 退
ticket 票 车票 门票 工单
train 火车 高铁 列车
flight plane airline fly 航班 飞机 机票 飞
hotel room 酒店 宾馆 旅馆 客房 房间
restaurant dinner lunch table dining 餐厅 饭店 饭馆 餐馆 餐桌 位子 桌位 餐位 吃饭 晚餐 午餐 桌
food dish meal menu 菜 菜品 菜单 食物 餐
coffee latte 咖啡 拿铁
drink beverage 饮料 饮品 喝
city town location place address where 城市 地点 地址 位置 地方 哪里 哪儿
country 国家
distance far 距离 多远
time clock hour 时间 几点 钟点
date day today 日期 几号 哪天 天
name 名字 姓名 名称 名
person people guest guests party contact 人 人数 客人 联系人 位 几位
number count quantity amount 数量 个数 几个 数 多少
user customer client 用户 客户 顾客
product item goods 商品 产品 货品 物品
file document 文件 文档
photo picture image 照片 图片 相片 图像
question ask 问题 问 提问
answer reply respond 回答 回复 答复
help support assistance 帮助 支持 客服
summary summarize 总结 摘要 概括
report 报告 报表
sale sales revenue 销售 销量 营收 收入
size 大小 尺寸 杯型 规格
color colour 颜色
large big 大 大杯 大号
medium 中 中杯 中号
small little 小 小杯 小号
hot 热 热的 烫
iced cold ice 冰 冰的 凉
left 左 左边 左侧
right 右 右边 右侧
front 前 前面 前排 前方
rear back behind 后 后面 后排 后方
all every everything 全部 所有 都 全
driver 主驾 驾驶 驾驶位 司机
passenger 副驾 副驾驶 乘客
high 高 高档
low 低 低档
fast quick urgent 快 紧急 加急 尽快
slow 慢
yes true 是 对 好的 确认 confirm
no false not 否 不 不要 不是
sugar sweetness sweet 糖 甜度 甜
milk 牛奶 奶
status state progress 状态 进度 情况
repair fix broken fault 维修 修理 坏 故障 修
delivery shipping logistics courier 配送 物流 快递 送货 外卖
service attitude staff 服务 态度 服务员
quality 质量 品质
complaint complain 投诉 抱怨
suggestion advice recommend recommendation 建议 推荐
password login account 密码 登录 账号
invoice receipt bill 发票 账单 收据
coupon discount promotion 优惠券 折扣 优惠 促销
member membership 会员
language 语言
chinese 中文 汉语 中国话
english 英文 英语
japanese 日文 日语
french 法文 法语
german 德文 德语
spanish 西班牙语 西语
minute minutes 分钟
second seconds 秒 秒钟
hour hours 小时 钟头
day days 天 日
week weeks 周 星期 礼拜
month months 月
year years 年 岁 age old 年龄
home house 家 家里
office work company 公司 办公室 工作
school 学校
morning 早上 上午 早晨
afternoon 下午
evening night tonight 晚上 今晚 夜里
age 年龄 岁
weight kg kilogram 重量 公斤 体重 斤
height tall 身高 高度
speed 速度 车速
currency dollar yuan euro 货币 美元 人民币 欧元
male man men boy 男 男性 男士 男生
female woman women girl 女 女性 女士 女生
`;

const meaningsOf = new Map<string, string[]>();
const STEMMED = new Map<string, string[]>();
let longestHan = 1;
for (const line of MEANINGS.trim().split('\n')) {
  const members = line.trim().split(/\s+/);
  const meaning = `#${members[0]!}`;
  for (const member of members) {
    const word = member.replaceAll('_', ' ');
    const list = meaningsOf.get(word) ?? [];
    if (!list.includes(meaning)) list.push(meaning);
    meaningsOf.set(word, list);
    if (/^[a-z]+$/.test(word)) {
      const key = stem(word);
      const stemmed = STEMMED.get(key) ?? [];
      if (!stemmed.includes(meaning)) stemmed.push(meaning);
      STEMMED.set(key, stemmed);
    } else longestHan = Math.max(longestHan, word.length);
  }
}

/** Meanings of a folded word, as `#name`; empty where the lexicon doesn't know it. */
export function meanings(word: string): readonly string[] {
  return meaningsOf.get(word) ?? STEMMED.get(stem(word)) ?? [];
}

/** Meanings of the Chinese words of the lexicon that stand in a run of Han characters, the longest match first at each place. */
export function hanMeanings(run: string): { meaning: string; word: string; at: number }[] {
  const out: { meaning: string; word: string; at: number }[] = [];
  for (let at = 0; at < run.length; at++) {
    for (let length = Math.min(longestHan, run.length - at); length >= 1; length--) {
      const word = run.slice(at, at + length);
      const found = meaningsOf.get(word);
      if (!found) continue;
      for (const meaning of found) out.push({ meaning, word, at });
      at += length - 1;
      break;
    }
  }
  return out;
}

const FUNCTION_WORDS = new Set(
  `a an the of to in on at for from by with and or but if then so as is are was were be been am do does did can could will would shall should may might must
  i me my mine we us our you your he she it its they them their this that these those there here what which who whom whose how when why
  please kindly want wants need needs like let lets just some any about into onto over under up down out off not no yes hey hi hello thanks thank ok okay saying says say said
  have has had having get gets got give go going i'm i'd i'll it's what's don't s t d ll re ve m also too very really now
  请 帮 帮我 帮忙 麻烦 我 我的 我们 你 你的 您 他 她 它 的 了 吗 呢 吧 啊 呀 嘛 把 给 在 到 去 是 有 和 与 跟 或 就 也 都 还 要 想 想要 需要 可以 能 能不能 可不可以 会
  一下 一个 一些 这 那 这个 那个 什么 怎么 怎么样 怎样 如何 多少 几 哪 哪个 谁 为什么 现在 下 上 里 让 用 对 为 并 并且 然后 再 很 太 最 好 谢谢 你好 您好 嗨 说`.split(
    /\s+/,
  ),
);

/** Words that carry no content of their own. */
export function isFunctionWord(word: string): boolean {
  return FUNCTION_WORDS.has(word);
}
