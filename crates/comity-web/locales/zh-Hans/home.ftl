# The first page.
home-nothing = 目前没有需要您处理的事项。
home-nothing-hint = 到期、待决定或失败的事项会显示在这里，最紧急的在前。
home-first = 添加合作方
home-look = 查看
home-exchange = 交换现状
home-part-failed = { $part }：未能查明。页面其余部分是完整的。
home-threads = 协查请求与案件
home-approvals = 待批准的发布
home-outbox = 投递
home-recalls = 召回
home-approval = { $who } 请求发布：等待第二人批准
home-undelivered = 未送达：{ $kind }（{ $reason }）
home-recall = 对方召回：{ $reason }
parties-none = 还没有合作方。
parties-none-hint = 合作方是指双方已通过可信渠道互相读出指纹的另一方。
waiting-for-them = 等待发送
heard-last = 最近联系
