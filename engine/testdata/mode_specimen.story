# A scan that names the pool it is retained_of, and no mode, says single.
# Proves: tube/mode-specimen
any order
late scan T200 ada 08:01 retained_of T100
tube T200 single
tube T200 takes 1
