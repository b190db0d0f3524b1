# The first page.
home-nothing = Nothing needs you now.
home-nothing-hint = What is due, waits for a decision or failed will stand here, the most urgent first.
home-first = Add a partner
home-look = Look
home-exchange = How the exchange stands
home-part-failed = { $part }: this could not be found out. The rest of the page is complete.
home-threads = Requests and cases
home-approvals = Releases that wait
home-outbox = Deliveries
home-recalls = Recalls
home-approval = { $who } asks to release something: it waits for a second person
home-undelivered = Not delivered: { $kind } ({ $reason })
home-recall = Recalled by the other side: { $reason }
parties-none = No partner yet.
parties-none-hint = A partner is another party whose fingerprint you have read to each other over a channel that you trust.
waiting-for-them = Waiting
heard-last = Heard last
