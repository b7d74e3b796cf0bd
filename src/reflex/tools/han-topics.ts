/** What requests are about: words that name a kind of tool, and words that people use who want one. General, of no one trade. */

/** `what a tool is called | what is said`: the words before the bar are also said. */
const TOPICS = `
weather forecast 天气 气象 | 下雨 下雪 冷不冷 热不热 多少度 几度 气温 带伞 刮风 雾霾 降温 晴 冷吗 热吗
navigate navigation route directions 导航 路线 | 怎么走 带我去 我要去 回家 回公司 去 前往 开到 送我去 途经 高速 到
taxi ride cab 打车 叫车 用车 网约车 | 叫个车 打的 专车 快车 豪华车 叫辆 上车 接我
restaurant dining table 餐厅 餐馆 饭店 订座 | 位子 桌 订位 包间 人均 吃饭 火锅 川菜 日料 粤菜 烧烤 西餐 美食 好吃 菜馆 几位 两位 四位 人的 个人
coffee 咖啡 | 拿铁 美式 摩卡 卡布奇诺 浓缩 杯
奶茶 milk_tea | 甜度 少冰 去冰 三分糖 五分糖 全糖 珍珠 杯
menu dishes dish 菜单 菜品 点菜 | 菜 辣 忌口 素
alarm 闹钟 | 叫我起床 叫醒 起床 闹铃
timer countdown 倒计时 计时 定时 | 后叫我 分钟 小时后 定时器
reminder remind 提醒 | 叫我 别忘 记得
message sms 短信 消息 | 说 告诉 转告 发条 发个 发信息
call phone dial 拨打 打电话 呼叫 | 打电话 打给 电话给 拨
contact contacts 联系人 通讯录 | 号码 手机 存到
calendar event meeting schedule 日程 会议 日历 | 开会 评审 周会 例会 见面 约 参加 体检 安排
hotel 酒店 宾馆 住宿 | 住 入住 大床房 双床房 客房 间房 晚
flight flights airline 航班 机票 飞机 | 飞 商务舱 经济舱 头等舱
train railway 火车 高铁 动车 火车票 | 二等座 一等座 车票 从
music song 音乐 歌曲 | 听 歌 放首 放一首 来首 来一首 点歌 唱 爵士 摇滚 民谣 专辑
video movie film 视频 电影 | 看 集 片
news headlines 新闻 资讯 | 头条 要闻
search web 搜索 检索 | 搜 百度 谷歌 查 找
product shopping goods 商品 购物 | 买 元以内 块以内 价格 销量 牌子 款
cart 购物车 | 加到 加入
order track logistics 物流 订单 快递 | 单号 到哪 发货 签收 包裹
refund return 退款 退货 | 退钱 退 赔
translate translation 翻译 | 怎么说 译成 英文 英语 日语 法语
convert conversion 换算 转换 | 等于多少 是多少 换成 折合 合多少
currency exchange 货币 兑换 汇率 | 美元 人民币 日元 欧元 英镑 换成
stock share 股票 股价 股市 | 一股 涨停 跌停 行情
transfer remit 转账 汇款 | 转给 转 打钱 块 元
loan mortgage 贷款 月供 房贷 | 利率 借 还 年
tip 小费 | 账单 分摊
beauty salon 美容 美发 美甲 | 剪头发 烫发 染发 护理 美甲 做脸 按摩
skin skincare cosmetics 护肤 护肤品 肤质 | 皮 油皮 干皮 敏感肌 面霜 防晒 面膜 精华 皮肤
climate air_conditioner 空调 | 冷气 暖气 制冷 制热 风量 温度 度
temperature 温度 | 度 热 冷 调低 调高 高 低 降
window 车窗 窗户 | 窗
curtain 窗帘 | 帘
light lamp 灯 灯光 照明 | 亮度 亮 暗
vacuum 扫地机器人 扫地 | 打扫 扫 吸尘 拖地 扫地机
seat 座椅 | 加热 按摩 靠背
volume 音量 | 声音 大声 小声 静音
trunk 后备箱 | 尾门
massage 按摩 | 放松
doctor hospital appointment 挂号 医院 | 看病 医生 门诊 科 挂个 挂号
balance account 余额 账户 | 还有多少钱 剩
bill payment 账单 缴费 | 交 付 水电费
ticket tickets 门票 电影票 | 票
calculator calculate math 计算 | 算 等于 加 减 乘 除
note memo 备忘录 笔记 | 记下 记一下
`;

interface Topic {
  named: readonly string[];
  said: readonly string[];
}

const topics: Topic[] = TOPICS.trim()
  .split('\n')
  .map((line) => {
    const [named, said] = line.split('|').map((side) => side.trim().split(/\s+/));
    return {
      named: named!.map((word) => word.replaceAll('_', ' ')),
      said: [...named!.filter((word) => /\p{Script=Han}/u.test(word)), ...said!],
    };
  });

/** Indices of the topics that a tool's name and first words belong to. Folded text, names split into words. */
export function topicsOfTool(text: string): number[] {
  return topics.flatMap(({ named }, index) =>
    named.some((word) => (/^[a-z]/.test(word) ? new RegExp(`\\b${word}s?\\b`).test(text) : text.includes(word)))
      ? [index]
      : [],
  );
}

/** How surely a text speaks of each topic, 0 to 1; a long word says more than a single character. */
export function topicsOfText(text: string): number[] {
  return topics.map(({ said }) => {
    let sum = 0;
    for (const word of said) if (text.includes(word)) sum += word.length > 1 ? 0.8 : 0.35;
    return Math.min(1, sum);
  });
}
