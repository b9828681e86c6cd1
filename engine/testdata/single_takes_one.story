# A single tube takes one person unless somebody says otherwise; a tube for one is single.
# Proves: tube/single-takes-one
open T200 08:00 single
tube T200 takes 1
scan T200 ada 08:01
scan T200 ben 08:02
refused tube_full
late scan T200 ben 08:02
accepted
flag over_capacity
flag single_with_many
open T300 08:00 capacity 1
tube T300 single
