# Objects and searching.
object = 对象
objects = 对象
added = 加入时间
no-label = 未标记
search-none = 您可以查看的内容中没有 { $what }。
search-none-hint = 可按常见写法查找，包括 [.] 和 hxxp。请缩短查询，或换一种写法。
search-by-value = { $n ->
   *[other] { $n } 个对象包含此值
}
search-by-words = { $n ->
   *[other] { $n } 个对象的文本包含此内容
}
bulk-title = 批量核对值
bulk-values = 值，每行一个
bulk-hint = 最多 50,000 个地址、名称、散列或链接，按常见写法即可。
bulk-check = 核对
bulk-file = 下载 CSV 文件
bulk-known = { $all } 个值中有 { $known } 个已知。
bulk-none = 没有提供任何值。
bulk-shown = 显示前 { $n } 个，已知的在前；文件包含全部。
newest = 最新对象
not-known = 未知
collections = 集合
collections-none = 没有您可以读取的集合。
collections-none-hint = 集合由节点管理员建立，并指定读取者。
collections-choose = 请选择一个集合。
parts-of-object = 此对象的各部分
tab-summary = 概要
tab-relations = 关系
tab-versions = 版本
tab-releases = 发布
tab-raw = 原文
key-facts = 要点
identifier = 标识符
held-in = 所在集合
relations-of = 此对象的关系
relations-none = 您可以查看的内容中没有引用此对象的，它也未引用其他对象。
as-table = 以表格显示
from = 自
relation = 关系
to = 至
graph-left-out = { $n ->
   *[other] 另有 { $n } 个未绘出。
}
modified = 来源修改时间
versions-difference = 两个版本的差异
version = 版本
releases-none = 尚未就此对象作出任何决定。
releases-none-hint = 有人共享它时，每一方的结论及所依据的规则会显示在这里。
verdict = 结论
rule = 规则
decided = 决定时间
