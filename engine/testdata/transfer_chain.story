# S is that of the earliest scan in the tube or in any tube from which transfers lead to it, over as many as there are.
# Proves: binding/transfer-chain
any order
scan T100 ada 08:01
transfer ada from T100 to T200 09:00
transfer ada from T200 to T300 10:00
ada sampled
ada since 08:01
ada pending T300
tube T300 holds ada
