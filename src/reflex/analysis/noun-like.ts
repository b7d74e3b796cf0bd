/** Which words may stand in a key phrase: a name of a thing, no verb and no judgement. By the words around and by endings; no dictionary of nouns. */
import { isFunctionWord, meanings } from '../text/lexicon.ts';
import type { Word } from '../text/text.ts';

const set = (text: string) => new Set(text.split(/\s+/));

/** Verbs that look like nouns, and words of time, number and degree. */
const EN_BORDERS = set(
  `hung arrived brought bought got took gave made went came left kept broke fell felt found fought grew held knew led lost met paid ran said sat saw sent sold spoke spent stood stole taught thought threw told understood won wore wrote began became chose drove ate flew forgot froze hid hit hurt lay lent let put quit read rode rose shook shut slept split stuck swam swept
  arrive bring buy come go leave break fall feel find grow hold lose meet pay run send sell speak spend stand steal tell throw understand win wear write begin become choose drive eat fly forget hide hit hurt let quit ride rise sleep remake allow enter expand detect answer absorb develop approve refuse ignore deny deliver provide improve
  works scratches charges lasts smells absorbs leaves loves gets makes takes keeps comes goes looks feels seems needs wants fits tastes sounds runs starts stops breaks costs says tells gives helps lets means arrives overheats grows falls shows allows offers includes requires provides hates likes feels happens
  fit grew hung cost costs driven broken twice nobody somebody everybody anybody months hours minutes days weeks early near inside outside clear charge impossible hot faster longer lower higher one two three four five six seven eight nine ten twelve hundred thousand percent`,
);
const FOLLOWS_VERB =
  /^(?:the|a|an|my|me|us|our|your|his|her|their|it|them|well|fast|faster|longer|better|again|up|down|out|off|on|over|while|when|without|and|\w+ly)$/;

/** Whether an English word, lower case, may stand in a phrase; `next` and `previous` are its neighbours in the same clause. */
export function isEnglishNounLike(word: string, previous: string | undefined, next: string | undefined): boolean {
  if (/^\p{Script=Han}/u.test(word)) return true;
  if (EN_BORDERS.has(word) && !(word === 'costs' && previous?.endsWith('ing'))) return false;
  if (word.length > 4 && /(?:[^e]ed|ly)$/.test(word)) return false;
  if (/ing$/.test(word) && word.length > 5 && !previous && (!next || FOLLOWS_VERB.test(next))) return false;
  // "the case scratches easily": an -s before an adverb or an object is a verb.
  return !(
    /[^s]s$/.test(word) &&
    previous &&
    next &&
    FOLLOWS_VERB.test(next) &&
    !/^(?:and|on|up|out|off|while|when|without)$/.test(next)
  );
}

const ZH_VERBS = set(
  `送 给 打 接 等 走 走路 听 听到 看到 用 能用 戴 佩戴 玩 玩游戏 煮 漏 催 下楼 增长 下降 上涨 下跌 加快 超过 预期 修 修好 帮忙 检查 推销 办卡 碎 联系 要求 换货 希望 增加 减少 改变 移动 上门 调整 喜欢 提供 延误 换 停车 规划 吸收 脱水 打电话 接电话
  买 卖 点 点了 收到 退 退货 换 送到 送来 发 发货 寄 拿 拿到 吃 喝 做 做工 弄 搞 坐 站 住 开 关 打开 关闭 建议 介绍 推荐 沟通 处理 解决 回复 答复 投诉 维护 安装 拆 拆开 更换 更新 升级 下载 登录 注册 支付 付款 找 寻找 问 询问 讲 聊 讨论 宣布 发布 推出 表示 指出 认为 显示 运行 采用 支持 包括 包含 拥有 具有 存在 出现 发生 导致 造成 影响 促进 推动 加强 提高 提升 降低 实现 完成 达到 获得 取得 赢得 失去 保持 继续 停止 结束 选择 决定 计划 准备 尝试 努力 学习 工作 休息
  突出 明显 增强 负责 负责任 联系到 打包 排队 入住 预订 预定 吹 刮 刮花 掉 掉色 起球 破 破损 坏 坏了 裂 裂开 变形 生锈 过敏 发热 烫手 卡顿 死机 闪退 断 断开 缩水 褪色 到账 改善 满足 打扫 清理`,
);
const ZH_QUALITIES = set(
  `很 方便 容易 热情 专业 偏高 偏低 恶劣 清楚 清晰 精细 轻薄 舒适 流畅 惊艳 严重 唯一 主要 重要 及时 适合 劲道 一样 不同 相同 简单 复杂 漂亮 美丽 干净 卫生 新鲜 便宜 昂贵 贵 旧 新 高 低 快 慢 远 近 硬 软 甜 咸 辣 苦 酸 烂 浓 淡 厚 薄 宽 窄 长 短 冷 热 烫 强 弱 亮 暗 轻 重
  齐全 合理 周到 耐心 细心 贴心 优惠 实惠 划算 合适 稳定 安静 吵 吵闹 拥挤 宽敞 温馨 精致 完整 丰富 充足 足够 不足 第三 好多 好吃 难吃 好喝 难喝 好看 难看 好用 难用 好听 难听 下次 上次 同比 环比 左右 倒是 一整天 整天 半夜 晚上 早上 下午 中午 上午 小时 分钟 秒钟 两次 几次 一次 三成 负 挺 特别 全 都 极 满 成 位`,
);
/** Single characters that carry no phrase. */
const ZH_LOOSE =
  /^[的了着过得地很太都也还就又再更最不没别被把给让在和与及或而且因为所以但是可能会想要能说是有个这那哪些么吗呢吧啊呀嘛]$/;
/** What stands right behind an adverb of degree, or before 了 and 得, tells of a thing and names none. */
const DEGREE =
  /^(?:很|太|非常|比较|更|最|挺|真|好|特别|十分|超|超级|极其|相当|有点|有些|不|没|没有|不太|不够|能|会|想|可以|必须|应该|无法|一直|还|也|都|再|又)$/;
const ASPECT = /^(?:了|着|过|得|起来|下来|下去|不了|完|掉|到)$/;
const NUMERAL = /^[一二两三四五六七八九十百千万几多半第\d]/;

/** Whether a Chinese word may stand in a phrase; neighbours are those right beside it. */
export function isHanNounLike(word: string, previous: string | undefined, next: string | undefined): boolean {
  if (/^得/.test(word)) return false;
  // 送餐, 这款耳机: a lone character behind a verb or a pointing word belongs to it.
  if (
    word.length === 1 &&
    previous !== undefined &&
    (previous.length === 1 || /^[这那每一]/.test(previous)) &&
    (ZH_VERBS.has(previous) || /^[这那每哪几一两]/.test(previous))
  )
    return false;
  if (word.length === 1 && /^[款件家台种部辆张份杯条位离从对向往]$/.test(word)) return false;
  if (ZH_LOOSE.test(word) || ZH_VERBS.has(word) || ZH_QUALITIES.has(word)) return false;
  if (isFunctionWord(word) && meanings(word).length === 0) return false;
  if (NUMERAL.test(word) && !/^(?:一线|二手|三明治|百货|万能|千斤顶|半岛)/.test(word)) return false;
  if (previous !== undefined && DEGREE.test(previous)) return false;
  return !(next !== undefined && ASPECT.test(next) && word.length < 3);
}

const LONGEST = 4;

/** Neighbouring words joined where the lexicon, or a word that the text itself uses whole, knows them as one: 外 + 卖. */
export function joinWords(own: readonly Word[], known: (word: string) => boolean): Word[] {
  const out: Word[] = [];
  for (let at = 0; at < own.length; at++) {
    const first = own[at]!;
    let last = at;
    if (first.han) {
      let text = first.text;
      for (let next = at + 1; next < Math.min(own.length, at + LONGEST); next++) {
        if (!own[next]!.han || own[next]!.start !== own[next - 1]!.end) break;
        text += own[next]!.text;
        if (text.length <= 5 && known(text)) last = next;
      }
    }
    if (last === at) out.push(first);
    else {
      const part = own.slice(at, last + 1);
      out.push({
        text: part.map((one) => one.text).join(''),
        raw: part.map((one) => one.raw).join(''),
        start: first.start,
        end: own[last]!.end,
        han: true,
      });
      at = last;
    }
  }
  return out;
}

/** Everyday compounds that the runtime's dictionary cuts. */
const COMPOUNDS = set(
  '外卖 外卖员 快递员 骑手 客服 服务员 性价比 充电桩 充电器 充电宝 充电盒 说明书 更衣室 登机口 停车位 热水器 净利润 新能源 理发店 发型师 老板娘 人工智能 续航 降噪 地铁站 高铁站 火车站 公交站 售后 物业 商家 餐具 口味 口感 分量 配送员 配送费 包装盒 保质期 操作系统 处理器 摄像头 分辨率 空调 冰箱 前台 早餐 停车场 加油站 收银员 营业员 工作人员 班主任',
);

export function isCompound(word: string): boolean {
  return COMPOUNDS.has(word) || (word.length > 1 && meanings(word).length > 0);
}
