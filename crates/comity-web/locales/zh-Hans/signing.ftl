# Signing in.
sign-in = 登录
sign-in-name = 用户名
sign-in-password = 密码
sign-in-code = 验证码
sign-in-code-hint = 身份验证器中的六位数字，或您的一个恢复码。
sign-in-wrong = 用户名、密码或验证码有误。
sign-in-not-own = 其他合作方的账户请使用 TAXII；这些页面仅供本方人员使用。
sign-in-hint = 还没有账户？请由节点管理员邀请您。
sign-in-passkey = 使用通行密钥登录
passkey-none-given = 浏览器未提供通行密钥。请重试，或使用密码。
passkey-wrong = 此通行密钥不能在此登录，或操作超时。
passkey-counted-back = 此通行密钥的计数倒退：可能有另一份副本在使用。请用密码登录并移除它，并告知节点管理员。
