# A transferred person is sampled since the first swab, in the tube where he lies now.
# Proves: binding/transfer-keeps-S
scan T100 ada 08:01
transfer ada from T100 to T200 09:00
accepted
no flags
ada sampled
ada since 08:01
ada pending T200
