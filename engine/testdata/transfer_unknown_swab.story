# A transfer of somebody who was never scanned binds from its own time on, and is flagged.
# Proves: binding/transfer-without-scan
any order
transfer ada from T100 to T200 09:00
accepted
flag not_bound
ada sampled
ada since 09:00
tube T200 holds ada
