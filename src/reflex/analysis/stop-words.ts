/** Words that say little of what a text is about: borders of key phrases, no weight in a summary. */
import { isFunctionWord } from '../text/lexicon.ts';

const MORE = new Set(
  `about above across after again against all almost along already also although always among another any anyone anything anyway around away back became because become been before behind being below between both
  bring came cannot come comes coming could day did does doing done down during each either else enough even ever every everyone everything few find first found from full further gave get gets getting give given gives
  goes going gone got had has have having he her here hers him himself his how however if into it its itself just keep kept kind know known last later least less let lot lots made make makes making many maybe me
  mean means might mine more most much must my myself need needed needs neither never new next nor nothing now of off often old on once one only onto or other others our ours out over own part per perhaps put quite
  rather said same saw say says second see seem seemed seems seen several shall she should since so some someone something soon still such take taken takes taking than that the their theirs them then there these they
  thing things think this those though thought three through thus till to today together told tomorrow too took toward two under until up upon us use used uses using usually very via want wanted was way we well went were
  what when where whether which while who whole whom whose why will with within without would year years yes yesterday yet you your yours really actually bit lot pretty even today's it'd we'd they'd he'd she'd there's that's
  who's let's we're they're you're i've we've they've haven't hasn't hadn't won't wouldn't couldn't shouldn't isn't aren't wasn't weren't doesn't didn't can't good great nice bad best better worse worst little big small long short
  started start starts ended end went gone asked ask try tried trying work works worked look looks looked feel felt feels like liked please hello dear thanks regards sincerely hi hey able ago
  我们 你们 他们 她们 它们 自己 大家 别人 这里 那里 这些 那些 这样 那样 这么 那么 这种 那种 这次 那次 每次 每个 哪些 哪里 那个 这个 其他 其它 所有 一些 有些 有的 有点 一点 一直 一样 一般 一起 一定 一次 第一 第二
  已经 正在 曾经 刚刚 马上 立刻 突然 终于 始终 总是 经常 常常 有时 偶尔 从来 再次 还是 还有 还要 就是 就要 只是 只有 只要 而且 而是 并且 但是 但 可是 不过 然而 因为 所以 因此 由于 虽然 尽管 如果 要是 即使 无论 除了 以及 或者
  或 及 与 和 而 且 虽 若 则 之 其 此 该 各 每 某 何 被 由 从 向 往 于 以 为了 关于 对于 根据 通过 按照 随着 作为 不是 不会 不能 不要 不用 没有 没 不 非常 特别 十分 比较 相当 更 更加 最 最后 最近 之后 之前 以后 以前 时候 时间
  今天 昨天 明天 今年 去年 现在 目前 后来 然后 开始 结束 继续 进行 可能 应该 必须 需要 能够 可以 愿意 希望 觉得 认为 感觉 知道 看到 看见 发现 表示 说 说道 称 指出 来 去 到 出 上 下 过 着 得 地 里 中 内 外 前 后 间 年 月 日 号 点 分 多 少 大 小 好 坏
  真的 真是 确实 其实 当然 尤其 甚至 反正 居然 竟然 果然 几乎 大概 左右 多次 一下 一会儿 东西 事情 问题 情况 方面 地方 本来 原来 主要 成为 使用 变得 起来 出来 下来 上去 下去 过来 回来 里面 外面 上面 下面 旁边 人 个 次 件 种 位 名 家 些 啦 哦 呀 哈 哎 嗯 哈哈 亲 呵呵`.split(
    /\s+/,
  ),
);

/** Chinese words built on a function word: 我是, 花了, 不进. */
const ZH_FRAME =
  /^[我你您他她它这那不没很都也就还把被让给在哪怎]\p{Script=Han}|\p{Script=Han}[了着过们吗呢吧]$|^周[一二三四五六日末]$|^星期/u;

export function isStopWord(word: string): boolean {
  return MORE.has(word) || isFunctionWord(word) || /^[\d.,%]+$/.test(word) || (word.length < 4 && ZH_FRAME.test(word));
}
