"""Windows images."""

import base64
import random
import zlib

import pytest

from sekisho.analyzers import _xpress
from sekisho.analyzers.wim import analyze
from sekisho.app.examine import analyse
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError

LNK, DLL = b"harmless shortcut\n", b"MZ not a program; " * 200
NUMBERS = b"".join(b"line %d of a harmless text\r\n" % number for number in range(3_000))


def read(data, name="a.wim"):
    features, children, error = {}, {}, None
    try:
        for one in analyze(Artifact(name, data, name)):
            if isinstance(one, Feature):
                features.setdefault(one.name, []).append(one.value)
            else:
                children[one.name] = one
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, children, error


def unpacked(text):
    return zlib.decompress(base64.b64decode(text))


# wimlib-imagex capture of one folder, with either compression; then of an NTFS image, stored.
XPRESS = unpacked(
    "eNrtWgtUFFe2LcXQ3WcXoEYRkQYSs0YcUdDYYoQIhn9QUexEMJMAooI9SYCgNkFDN5pAKz+JP3wGURGjOImiZoYnKo8BxG80jESXq5UALxpUWpmgoPze7Wp00CAxM9F5L4/qXXXvPfvsU+feqrtWXbjTZs32ncZx3Fl2ciZ9uOVcX45Tc9xly23r9qQX6N54Jf73n/mZ/bUPp/9xnL3+wnF9R9kL5f02R0YG++zRD7Wf+RER+sF7786PibGNiYj8YFHY4kUUsZAedXooN7dHKv2Emh4e/Yz6/SpJPWEUt6c1KIPftIorCLVzODmEU3fcM+G4cWYcVyjtZLH3gaOks5R7sKObQHu5LSjkDhZyheDwKyT2czE6M1vdM/1g4LY8Utp2llGPlA8GWtXWtMe1rVli09Fwpqj1bzaqu/XZ7feuZ8e3Vbl21FW5tjfssSlqfy9+gkq8qUp8WiW+Ui7+8ar47mJxa6FYdTmuXbzNRkLfWEsibCQHNkgu+kvqR0ruDJYsTW7zlCBHD2qRhI6n0EWSbnBAD0WRJMWUUiZIHsXkTuhcJRGj6YcSSVdElP4D8aWSzde9UsgrRWLA9Ifhz4w3JaURVPqDhKGMIeJRtMVLUsZQypsSPd7pBg6BkrkHKKxREja+e3xpJFFLacsN0OolFOFMpdJrpvShiI4Y0XcJdMuNMnbQTdAnPrzDPYKqGlwKhocAFn1RbAFHFxoZTAdECNWQhTUl+lP1YGr+hDaHUqSFNJGSqmluM821protKO1PY1uJ96eS2XTLnFrLKH1sOE+WJXT0Fl1ppYp5SH+BwmJpaDsliqjanWIzKH4ejRjql0hrqsksjrabYaQ7nbhF4w4RX0Ql++nWaDp0kjrGlfA0toRaG+kLwtAXKfFzqv4jxW6i9gVUPjQmkbKqKZxFjqfdV+nKd/3r0HqGyGy8yIReK6Gzt2h8K5mwzIbQLS9q+4Z11KcE6xIpt5oWNpPlZkqMpOosav6crBWUbpmbSM03SLUcs/pTDWam0k4vkudQ3kyqtCPFIJKtIktPSt1GH82kaQ2aRqxSEHnKtllSV9+jDtQcCNeT+OPQIz781XH09lGcbMbQKtSqsMwRAxbALo8GVRJTS6t8mrAzsfu7eM2kPTvJ7u+a8d3fyOBuk0xmIxJ9kLOTaKacHoR+jHvX6EzyFBQWJEshSy8yyaHEmVSyk0Ll5JhHFpWUoiAvWQ5TmJC+zyWUF0qVjk+ucK+ixvfQMQHR7k6N8JzEOzWSuwqNH6LICR/pbfJa/MKYvzyLp6bwFhRsNI+SvJbyoqlyIimsSJZGlt6UmkNHZ1LtToqW08Q8sqqktF9RcTudsrdh1JxttzGnCrcdYJnD3/ak4Bw4zclhtmzIJuGpZ/EvKIwDyGgXJcjJLY9sK2m1gnxk2y0pwIR2GZPciPISqNKNFLYkW02WPmSy/VkpbHbR91GmTYhSoakORaao17c87/FmTRTliqbbCDPDvznvDKr0IcVLJPuULH0pdTt5BdDwXZQhJ588eqmSPlWQr6BIpV1spg//36FYo6AfiuOiYO0C0QYUf46oazgUhz9b81EZVksJx6zxdDPZKqcZeWRXSWsV9Los1zCibLa7U95WqpxBCjuSrSXL18kklxIDyP3/jOL7aPpQC2sVykPRkIk/XEH2h1ho/R/lGFLHv2/NnPAvZpJPlYGksCfZerL0o9RcOhpAYbsoX06BeWRfSesV5Cco2DNgMz7st6E4t4xk4Tg9DDHeaJ2JpHMYLvM9jYAYnFuGjB28fnx6jFssp5A8cqykTAVNle2wpFmGObyC8oqpMoQUjiTLJMupZLKDjGfRiv8nCr9wqqhE421kHUakAy75NVXgSCMcpPBLR8X3qLvLrxkiuZ37UR0ffJDfEM/n1vLMdjCePxLM/7iBb8tV1fG5azC9A30yETKpbhDWqGG0I3M6Jg2APAQJdTsYK8ILArsWa5YDAjsW50KwQmDNMCUToYL2YzwvsDMhD8UnAjsEoQLLtIkYJrDROBeKJIG1QUIm5gpaDYYLbAbkc7FSYEdgq8Ay7SqMEth8nJuLZIF1QHEmwgRtCl4W2G8gD0OqwDqhWmCZNg3OAtuAc2FIF1hX9NmIeYJ2Ndx3bDT0dx4yBNYbLwgs034KP4Fl/Z2HNQLrjykbMV/QrsUsgWX9nY91enbKbCzR4rCMV6bywWEXLvATlvCpr/JhG/gL4fySi/zhCfxfUk0iw7JyTc6kgl8cdukC73SHT83iw27yFz7i06r4/FrcKOYLo/jJVvzz5XxZfvQN3qqQL4/n84fzfz/On+14/Io5yL37FfOW+yvm3fRMVsydfMg/+acG22670MW//Ex7S3pVw9862u76q9rPR7Y12XRcL1d1XE93bWuILGovD646VJj9QRU2tUClw+SDaKkDdLtRWISrk1FeQeUV6BbHesTxHnGiR5zsEad6RFkFWu/S5bYNLajSoi0GTd8Al/yxOBgX21AfBNyxx9L1r/phcy7OVCB8IfYfQNBF2Ndj/R3Yj0bgHOQfwNyF+lDJuTD3w+j1mGMPOAfC+ePfFKSJMC1BUjVKohBaAEctLHTglUh0LpGi2hRRSSgogTYUOkcoLeDM9yoERXQBJmphpYOpEkmCIg1R5SiohTYauolQWsHZFNIkpJWgvBq1vQqDQuNcKkWNKaJFKDCCNgE6Nyht4dwfUg1MSyGqgVE0EgrgpoWtDv17FQ8UGdD5QPkSnAdCuhJppfCuwfBoZBTAR4uXdBioxEpBkYZobxQM71UYFKtgWoakGrhHY2sBZmhhp8MgJVY5lxlGl81zd2i3QjcDSjs4D+pVCIr8AgRqYa+DuRLJgoKNLpvnYdDmQxcIpT2czSFNRloZymsQ1qswKFKcj0pRa5i1K6Athi4ESkc4W0CaAtOjENViRTSKCxCihaMOFr2K+4qMYFJpqan9iLblCvsAzcbBdFyLx54WVOiw8AxwIBwX9+u/4H7yAdf959qBQCzMR8VcVBztEeU94liPON4jTvSIkz3i1GPBhlYZC6k1kspRHY1YLayVKJey+ayt/tWYEAVmFeLicxiTieJz2LHkK+BtRyzfhan1iiEoDMFzs5B58dwYLClmC104frXrbdQvx5CpCFH0Kv+hvOoAs1lc6+MXonG+z2YhSk/mFvUz/IzH2Pv/XGBVW0tTR1ttZGuzq6rjL6r2O0Udba3ni9qybRquqzpqy1tvZ6tunr/sbXQ4G3HBuNOO+o9wqQU5TWhppMlVSG4qGw7UZKDhGGLnwWUfrIOQbg9/8xHJWFOG4zWY14B9zQhaBvvJMM9Gsj/KRqBmHRpOIHY+Du3DO0HYY4/Z5qOSsa4MJ2ow36BohX08zIuQHIwyB9RsQMNJNM9H6z5sDsIZe4Sbv5yMjWU4VYMFDdgfiyAX2G+G+RkkR6LMCTWb0HAazQuwbD+OBKHKHpHmTsnIKsPXNQg3KA7B/jLMbyJZiTJn1GSh4WvEz6PPs+9eLmpCnCsaJ+NaG863YH8TIm+i4TLOhAPLzJme3ahhmb7ZTavsKrKzITWXlgLs/M0jqxdPDGlZL54UWb14YkiP9uJJkdWLJ4a0vBdPisby5zjuyobcK5/9iRaJObFSJBaL1EqxmONYhROLNOIkcRKnUUdxYo1Yo1EzH47TcFwSp1YnKUVJ6gVKcXiE2FjDqTXMJymCydnnnyZKpFFzsRynjtJwSUI4ZlWL1UmcvsGJ9NtNhWBqtZ4TxYrVIvXD/8Uw7ixFGpGh5AK7fAqGRBmrNUIwYzGrxKpDOLE+lOD4Tx3S1+efNn5uX5YRbbAdcLif/xjvFzebJDQN5exWSkPj4iwnzg3O6xey1Mh2xcD3bQfYWmR6lF0/NG7jrWQf4y0u2cvF//XaYPW2YUE3Ld5488sb3+1ZH7xbp/vsk4AJx8L4vzYucP0q5BS/PWH86pIC7m6qZiUN7LdltFHypU18Y+uG4/UXvroWIF/rHX212Zd3ajUyXXDXbO/a88PcPh711sCOqv7feb5fZf2O09YVh38UDdv78aHCigStr3uObfTYiVwT95pbvkeOym3ZIsv+sUX+x7Z+W3B1+qnpmw5kzfhyoMfd/4yx8vn2Fa8VUxcuR8XeG4Vnh3j0e14xkBt/Z7nVsHe+3vl+880/1N/+dkndPkfbgyN1P7pfcL2aUGTE9fXR7yLta3gW5r83DJK6cxutYWNw1fLjzZeC373mnLX17jLH8+c1w0bSwM7hPNtZ3m8bFIOLnv8iOebLuE12DnvGOR13Tkiz/+H+ztyaR3bqGhRvnJibWPvfjS25Zz1WvHxvY+sct9djBhg2IPf7/v7CwbSr4t0xh5pOLA5OkUicJx/YGjE4ts+a3w21MyjudG5dnvRWny6KPze957VyN1//WVrmK2sWz5ku/+Lm4vtvkVlnz0UPZWWca7rUezut2Dwluc/+Is3iF9/q39LR7sLN5ny5adxkzkUop3DenCdny+rTOQ9WC+Re5V7kxrJT7zGd8dOYdTJnIp8WYCsovJndoQvjwnS+XADnzvlzbzC7nNnGCT4/tbtwXsw2lem6WmWCd3eMC7v6s3MKY17jgljNk5vF7K+wO8hYlhMFZfc+LpwPswWwLKYKvfN7iHUUlD15uLBMAlh9CrP4sjtMF8r7ffZhdW92nSFEkAsRY9k5lkXz4JxYbxw7s/uppwu7nz97Dg9rPZi/O8tAxmrjuPGC9lE/va2nrKYy+yxmmcYY/ejrx9T9mfdgghDD87E9+CVZOnR5Sx//PoxlvwksB6ce3weHB+8+cf8D2lbgFg=="
)
LZX = unpacked(
    "eNrFVwlUU2cW/lmGJRVMXVhU1ioCsouIGMIii6AQ2Qsqmxai4sCUUFlSQEFAEO0YRARECIOIiFSDUmWJPYDKqki141IzgAJKASNLwj7v5X95wWn1nPEcZ8h5eX/u/93v3vvd+97hd/HwcXIBADxALiAnBo4ASQASAXB4Qwn/4qu4m/o0gquJfbWVGEA/AOihXwCIu8oL7sLfQEYC2mMXv/f7f/5HDfr2YNg3kZHqkdTwb2l7omgE6j5CtzoQpGMkrgkKZAeMfridlkaPZAcAO9R6G9wDZFvlWQ4PXIYkaYBnQ+e0xJ3gF1OeGnufox7isr28gGc0os0FGQRgAoD1aiMJO7BXfkg1e1C/uZ+1P3G/dl/hPJibF2j5FQCaErOSjRPfmPCmUUEBWAQa21rJI8X8+oDz43e5oycrJ0am+fH08PnJ0cmp2WmrOSu13pHZcTZZbvCGflRvRVnt1crOovanzm96DpTkKhbR4CpPcUfswZKov113b8/Qbr/hfusnv7K+pqzhnTq7d1V4jgZneeMrf3wVIlw5x1UsM7jifSnmql9x7UzYkofdRhmZ75yIqSw955YGG1qHlrbKYtaAvssRi/wQt12qkp3meUwaqY1ZYyb7OiLH3jtmdVrDE4WSV0HqsaGMLPlUX2o2xPrj2IounM8U8nXq5EnSzNuY1SRZZoSZ/euYHLtIGHv4Hc7nB/kGTkM+X1UcGwex4aNCDDULYjxEmHCI6cP5iL+xnJxTG/SqWrRsVDpY2usWC/OzY0HsBIbtC6rqgxhtEaYUYl6I+Noh361Whrp8qG/W6dQj1HwXNwvVEKYP1CYE14Y4BLG/teMYN4hxFWHqICYX4zuTKlS/UxeqVUlaYtcdlvHwnZEw9lMMm5vKvA75HET9sIDajGXDWgwWC2N37oZ85SI+LLZpK8Qa4tjHB3C+FVg/MK13imbhJox9KAbnq4B8Y5jWeriOzDqIZcV8tt5NfJ7erWhnPybOTb+zii/wV+Psa3zVPTNRF19vecyqoWuodZYfF5tA71rZ2sAfip2lx61KWGBVEVqXJ6SWPjszxZ0Ym+NTDA0X91a/HucOhcyoFoQHDN591sXvLZgIUL0b3jXY+8xh8m3Vx6JF0NH3jtdqo79sAXt3D6tMDdVRWKvNbyulb7q4MXGcBwqRl4w1AMFSo6soL3+vh2+dNCmNlOeneC++56zn8vrp0/Tpudl+Dm90ZoocHx/PYQ/e/37q5PzgoMPL+XFZ8QizntfGGeiz2dWt0DQcjGqSXtqkh2pCSfVdVpWOau1GWheCas2l5dij/UCxrntsqjq0SCohbp3a6LTZc0tz0Olo6gpWSHvxZHVpg156exP6XlhGyfBVvxXKKJBnaVcpQj5dEV8l5GsPhthMX2odOi/MaLc2dF7Q/NJcIV+diC8X8tEwPsMQtL/RFm1Mphfa34wef2NhLUJs7ko8ZjGMeS4Y54uFGFOMzyDkyADk6/SH1ZXj1aHPEqqNaQbEbgxhRsGYDqKYFpBvTAHnw/KDz6Y9ty4Hr84bVhfbhM6qdoECS4g9EI7HzIQxaVg/9EX57YJ8NTgf+vZEq6vAqkv3tRnDOqUHsY9y0OdXUAPGp4P3g1kNa4k0xrs5DPMbasL5hJ1fB/lYmDZ7FKr8IZ+2qL+lMJsXotlqh7FvZcB6FVk4ny7kqxRpjWFzMz9P78ghFVF4VaZYFjrQq1qk6Cc8Hw6f7fnotIB8xbjqbxK2nQWJrDWAKQ6AnaQn8r7wH1TlDZ6dXFvjF+iu/ajwPrhzHxSugP/tKDfQNAPukpPZ8I1BlEtqU7cbV+FNPxxJiJ/sZ8+yA/gjVnO8gDl+F3t+YlCNPz53P2FmiD3Dt5rrZ7+df0ItbfBKO15pqtwd1tjF0V10xyz3dcTynt5IFynzlVxaDSGJm6llkX80mu/P+LnDgaRSZiu09PpAzFNC7zRcXRWhfSG6wjaQXtwsH6pRMOe914jVSUktJyqdp5o0PEkr5XgpHw8z7erWbbzDy12E9oeyXGhRYmMYbyUOXJ0Uoe9D9IHlUr0rXWjmBC63WispPzPaYtfRn/kODJUOW9LMlebA0OICeR8No/rOvaksIoV+CVq8NIQYcrVwRb8M97w1jOIhOqDcRAnThg216RdpcwhWW4dX2+sBLZUEIYZXg6P3wD2WSBs/XJsZqA3ZB9cGq3sEr1aoVrwXxFQQ60dwtBrcOy/S5leoTbhIm5tQm924NvRKWK0nrgS3HGImM3Yc0ki2lUkmymgQbT9l5e5ckuWsk+WuU/IpK1Dbd6akL/8ywdxaRko8CB3pHUuBVLh1ybVt1xhu+kcfuPvWXreL13C1T1q6Xdf32bTl/Z32hr/Yvrr61zKq+POsZesIa2Wry1x45skSt8tOZ7VUASIAGmIgUV2sX0nzuJKUtwLJLESiQXrgocfXd73nOaAZjfIlUE6Uk1bPHw5ac5ITnsC+eqq3z2/4zKHEolreqvCYo4Rz2TXjjuSt/ZZOv0t77q93/Gda8o9+m38pVDpf3N5ukZeSpSbTGRW8z3uFdx+B9XiWbsa67FN4LUreXbHsQZFrM+Nq4Gi0dcqKxgHjucPz+tsbLGxberYqMSxrM9b4KYe93fXTxeDIDReyN7seUwocJY5RjuvcoxX9wGa83ZZSl3dL7h55ww51/Y5s8fl9a3WpAxGrFBgpkoTERZ2hVtJb6hjyowbH9tdNXLrZU63PXhIf+uTwJQe1s/964/Jl0lBQ4d55tR+PJvsFntp3p+s855GaQaul2mCA3HcKTb/+nSJnuemCu4O83bfwNCj1fBE8SCVip0B4dvwuXRK4RT0tV2Zr3wmMPNKtyGkLXYKd2x5gd+Fv6LGcvbQiI/JKbJ62YaXJxubNh0/oDQgPlj3YXeI9D6+W4JTel2PTJQ/sktZPnZ3xs3aO3AoBkq8wJFF+oUeYQS2vJSrguKzsZnJVEXV5tBhD6+IX0EMfO91a7BRb4HGDd9DhWPmiofwTOZsYUX6unhUjUdIY9yOscun3spIqkY9z/AchqcAmQ4zFTovS3Emcnp8jAR/gBFwAGZAEdxvgCOyBOrJ2RU6m9uBrYAk0gTFyoQhXZN8FsZKBnKeLu7rAwxGxGy7YISF+TsAdbAEU4IXYPRGbiQDzRzsJOCC27YjfQusGAfrPdkjINwW5bJAdW+CLrOyBB2LfhETYgGRpLvD8cwwJbEVs7kgW2wXVbXtv10jg+TEECcnEHVnbIBYnJIKr4C6seSuydkS+dwgYPAWM0chljLDZgY1INUZYdn9EkpB4FKQP7/vaIfgtyMcImCLepgLf/8Shto9ltR2xeyAWF2QHVR/VdMv/oQJzxN/8gxX8N1kaLpjSD8/DemQizLCp+9A0GOKTTwD/Bv+++98="
)
WIDE = unpacked(
    "eNq9V3dYU8keHQQRssDLQ2lh1eATBaQEhICYpYSi1CAdstJEpYMCK64ICCJI009BaQKWiDRZpIjKGhEF9RMpKgiooaxY2JWNqAFDeTeZ5EbddT/8w53hZuaeOb+Zc36ZzOXaOblZ2QEAOpELSAqBRCCCdIRATdzQd/iKi9rtjfS4gKzFb4QApwKgzvkAYIGzJLfl34PZBRBPkPrk/l8vAb47Q0O2RkbiIwPCd0ZtiY7CBARiAF54iKsOAIL4CkLRtRephyNTvWPN6byoa+RbM0YsBXUGfxrTVAZrT+zkHUqW9ukT/btc6QEuTGeX84sAwOCHiQCsBAtNgMPGtWtveTcw4gc90nDncAnrWPol7xAJSLwYEF45xh66xhqrHIczYiXJd0+EsPbGMqopH0Ympw4dej/OnoyLDZ+bmpj6MMM2njVePjI+845upDU2UPqByYh71xY7+7wtKDAkmBiaOTDRg3uV76k40GAXPcJuOnag4ez91sbQ8CdKxmW0mqqBOv2wDqruA716YkNowVgre7eAcdj4QfejntB+xYvPq3Dv+XPMNdmYUZ0CtzxuuBimXXx8efqRLkJKrS5FudlXdvvpIqnEIHVry5al93pJ2SIHPAozdxuKX6hVUZSMMgiaUBGXrDVQnIgSD4PITgHyE0R+RhH8q2828+tvNvObbzUz9p2FVUBuS19+6REfQnptFyXFVE9W+bSv1PbgIuvEFvV7lqSlIn0e2ZkHDAvrd/PXErkIkUsC5ApEfkWRVPaplbp3h0La71sRci36AkpbSvKhCz2BixDoop/EXytxACKPBcgTiDxFEfPZTdK4bRHE0Zcrc++eCtG9P+TQjroY5LkgQhehRcqmcK3mUIiECZAwiISjiF88Py/Stts2EXEvI86Noi4ioAt8AXRBpBwpgWsNEiGiTzmCh4iPPorwOF3G6Pd0Fn4HzhOoi0bo4jDPRUGplQNcK6IARQ5D5BcB0gkR7eK5/6o1V+ZQPTf/uMqrfEmNa2hg9I5zMWWONz3raQ9vDg3TrGWDe4+5ySVn5Kh5Vv5I9dqM0VvjUufe2NB0eUmYa3lgzY7QmGjV36qcu/2G+5mvHB95ltFu3qwfeUjrrHe0SU8Pbq/AaPMjVG35PJoDHL1ZkXO9x1pDQ/O8QrULxn1NQ93lxqAmvpLHMc6qflX93a+GbzH5mn4ZcaSl1wfbVKSfbOOrO5XPj8hFtZ8UaE/na1+igyp+gCpuRBUfhpraKqx9g2nHZOV6D7nlkKE6vWrVG6h2AqqdNyqHavdv4is+hyqOQBUroYqvZ1nnaPSc16jWTF7GV5cawo/wFWhPQ7VrJjSulAMJQAIgfyLXGp50UNhXAR4kiAIxH/PUTiHylemruzLalpIHE15yHg9CuLx9pEU2VVqJsUZ/Ts3FabJfT3c13ldR8VDp+nJ99KSBVwKy51/DsqmvqdxiTbXWnX+N0a/SqOIWHA2nPN+qqHysqYdbunukM+dfn2YGpwdzi2Wg5cH51tCDI5GNbyUnoU5alfL8heIuK/bIQqWZ3V8hVNrmCdQZGMyRcNyyfA74L8SfqgXAfIEzACJeZsv8x8amWFfyfFareJY4gocdHSWtyKMZB4ACiEr1bjFacbUNiAMulKeUKrrehDXGGJ8+0zHHnqDHMeKnmfQ45nj8zB+lxrNjvcXMyZn4OebA9FR8/FxH12BKLZbiXaEjzzklXFIz6LoKQyE37j9Xk2gl5r+MkBke2WUnaqDIjPoVk8TMXGVYmBwz4gSRagyfw6pH2VvgWC3KnvQ82sw5j6vIPtOnb0ttVyoycvMncE67Cqw8PUCnpS+1dNxFIYNztqndkC+GSJwL5FRhr9JR9nI4VoyyW3vzJSKIwy/DZURHFO2iDDBM5qVVSYWZMYabk5snLY8uvUcmxVbf9uGc2s5KfIRZATlhycy9sOeOsqcrIdtViXC1y5+Tm3hBbjpgbsYFudkD3ZaimcjwhpxdazLGYa9NwN4O2fWC3FBhbs6TfWJhbuIEuWFAt0a8TJRj+fljUPlsI1eUbQzZ1YLcMGBuIgW5uQLdeqFumWUQcUuGHDnm6zdiJ7Fkpf1ksf1YMaWv72WTVWmO1rRsa9Vsx6/vxdBGj9NGCysxwETUwFeMc7QtBqIOJuBC+AXaJpvko44aTZ3mHkr1FnGL7dWSBmx/8KCytTrIFjUPyp4tCMsOWPN49ZKLGDtxgzJhVtn+7Gt1Odg7nPeCBCUhII/PeC66Qlae6CpMWrStu8X9hasTo216Dtzg/HQsgT8gfr8v4nJKDimOPjvTZn2oIPCS11PhA8ynO5tGZdSiPF4/XD6JL2Yp1yxzqJha5qsk3RL0u0OiX3wWUf9ViLzjXrxFbyqNGuiZt+auO+tN370Lm/fd7jHc6HXGLMVQmdK6r31QSDFo8em2yYWzdYT/jImrpv3Pz/btn+rHgrdeaN4xVJJ272Ge5+8Gq/2S2smdxtpn8d3JZrP21zUV3oa9ICqxH5gk1q2nik3TTpSVlLTsdLfFYVWEdMyLZ7+XeGdr2H5ldfn7/vLRNEb9tM1k0VaRcsW9WxPL9S0k6lMSjszGN8tKByVZnVWgxMe6xTZqsWIrY/UGPGS8zY2Ib5/lWikYYKPgO5Ho4HfwX/8EYdjCN6if0kTApuj+CgW6SqtPZOKQHOPudmnea0cnr+XfwwgZ+uKq9MjzPxeoaFXr6N9evy9L/QVvSjDMa4U/iXC543dg5Le3bFqnedLaD3nTnibWkRshQeQZj4mV+jgiRLOJdSfaO0NcfL1R3ckAmRiho6uQ3cON0OC94xlShT6KaGCFWh6skPijMCt33dFoT3vnqvHoRby5+3jOF32iSpQmtWfDGUxSkWm6UC09NXoFFcuemyUBN2AF7IARIHFbU7ABWCDPaCtgD8yRnjv4AawA2sjFYdgj43YIagRikDutj+5JCNsKOAIzQAEuCO6MYDpczl9xErJLrYAtEvcxqsdl/90ICfmkIJcpMkIGHkjPAjgh+DpkBT1EmwE38u85JLARwRwRFbZcTzafjBK4kf/EICFKHJG+KYJYISvYc1u+541IfwPy6cCdwZk7YwxyaSOzmQN9xA0BueAanzNJyHoUJPufxxIAEegi3jixMIOf8zjYP6myRXAnBLFDRjjZ5+TU7F93YArWIq3ZFx18jUqtj/bml/fDWkSvNi9nX9oNWuh+x4D/A3VaVco="
)  # chunks of 64 KiB
STREAMS = unpacked(
    "eNrtWktME1EUvYMQoQWtUBJiCA6EKCakhaJ8S035lUYKhE9Q1JCmFGssLZkWQkyMuDPRsFHjh8TfThM/C1bGhERZoCuXbgzEFS51A2EBnvdmwM5QoWzY+E4zc98979x3333z0uRN6+sd8PqI6CsuypFoilTUvft4Zr5w/kT5+8WjluzVNYnYh2hB7U6zlKgNzaf1NJX/VqLz9x0hvzIaDsZiciwUVeKB8bjpwmA0EuxT/JHYSFC5lGNirne4sSrH1B6NxfuVcGMoHh+rt9sr6xy2CpvDVmP355h8g3IkGpf98pgSvaz4RxtkwQhGMIIRjGAEIxjBCEYwghHM/8A8tOBwi/NluUU9Z3Zr502J0qes4GSNtxLXWTK5V0Ab0jGS1LNwhoybzNrmAuZbtvGI5npJ5XPZ3WxVtYkcdHNS3pbOvKWTlnQc8r+kXF3+4r/5n23jBQQEBAQEBAQEBAQEBAQEUkbiWV3XZu8KYEs13SnGGd4BGP00KuS/u9MB3bsBaev3bs1WazbzSPI5Ta3NNB288V0y2r3WdkuzcuIkkuDJyV98fKPdbXxWfhF5KUITFKUrFKAg2WiMhmkENgz+KteVGeLy5/Je3469uTZTZn/rqPnccHO6fJnx7QZdwLyU0fFgteHpeutiKP/n/euu+hdFNIhcEZ7Ji0xBtOPIPYIrSIq6finWbfr0m9dptKnUbUV9UfLzGSiYyzD8sNZvrDds+7DyZXzoTlZWg2v2eSh/Urp7nPG1KaxLNsWQIYAcQdSpx7L6gimt7LDO1/79cc888ejVdHEkvf5i6YJn5fHskKdbE6j/IAE2fYnXlCz/5l79Ydi7ao5kT8hySFUUaOu46asRydZiY91JA3iaPnKRk1s3eagVz89LndSC1jlqpBKqxMUUnej3gXWh1QffnsA4ofdSDzVTF/XzfhfimGY776Q2cB2IS2QdXJ2sx4l7Fy43eproPFqt1Au+CqtSRxU8LrnCib3tRvYW8Kyms7peNXInhRPz6EHbDcaLDJ3cblbcjrYH924+Qh8fcRJXJUZroRrUUoH5qTmMSifydWH19bGn8X1XjUgH4tqQhcUadYzbaVYd4HvB+NDD1p6taPO+V8Dm79ihgr3M0p6wN/+9G2qR07HLbrBv7XcT/QHHIdf1"
)
LZMS = unpacked(
    "eNq9WHlYk1fWfxGlbOFB9kVbsAXZEiGQRJZaMaJAEgokbAk4BEwgQGIMgdraBRXD7qcsYbeCEAEJRQgxhHG0RBBZWiWyhdAaF0a02HEerU+dTvvdBPJNGJnO9Hv6TPK8yz2/e+4553d+9/7xEohxYQQIgm6BCzKDoOOQIXjZAJ3/C7Z92d1S+O6nf3ZKzTGo1oPUfwjyUt/AhHsWmqd2DP28YcVuZrVm/F//pVM5zCxadrZTdvohDjc1h2uczjD+GrorB1io9blZglMgk8pJO8RhO1GduIdYTmTCZsijwfXHP/tMtCnOxhzOD2i+snFRFfDjm5YOL+y/3Vgx4fv3jOZ3kOPQc/lLz8Zl5eP7vYVpFilvbrooCXxv6dW2DBRuIJRusGje9OSXT/TtYR/lnSk4gMobeN4U/cOflme2XuuwSA/LDgm02LNv/5Hhb+lviZ2ftJLPl4Zdvfteks/RSEOJ1PXnz0tsUDgl7wzUG/zEul3c8v5Uwgzj1Q+fGjo/E75I/zgp8MthDHYRW9qmGgrZ9ep7ixOwUkpdw0B4wdFrzy2oj4ShI3/6H2RdrXP8QvPWF8YL5hBUOOBoT6o22/rBPKN6a+4Vsain+wjc1syffeWZeB7NlD7kwzBZV44sKyYnqzxNbGM9Yy8KWkitxXs2TTlkXiRUCMgZtyNPTNun1cOJggT6TW/s9FyVXODiQqgt93ZGDc+myPLd+fHe1/NQKaL00NCoZqe9u+UgnJB4ISl3qRs7syV7rMzyQiJHdVp/xvHQAFMuoLDm2LLpkpkuODypv6fbZDhjKGOqsrKDFNV2jpzK7GNMknBwh4xbAfezemmjfmNe9vSRgMMKUUuLO9HCtWXYjpJV4z1kYcKz695XagMzcg+3yjdMlt5nDeQ8Fo15Y7bmPqpLZfUfvleJQ2zh3P3oPvMyU8EdgzuyZj96puhrbfWMs0F0xnbGEsLaw61PGnegpmPrXQl9d5qbDIS+X6EpAnzveDmV12l5gYDbcPFXgsZrgyL+85iB/OgqD2NrUmanEE2oy2gPwcLIaQ1MMb6WXusiM03YHlHPr/SjhQ/m37FLLYFZCuJTvjTXny683ezsHFJ03FzvfOBTMeVCxMB3k9SCLv8fPq123B7R/2DQ+Y0uzDe58wLCZWWPiie0/SKJQpZyaKrB38RuvjVm3Z7mPTo1sDzdLkcMcGebMk/1PxwuIiL62SPHnpRdXhAz5PDLWRLVNJBMO5oAJHOuCfQXATIA/WX3pfSFT1WSOtzcSI2HxbX0sUoa39Se3riTOSlqqXQ3MiK+va/ECmbkYrxhj7pmdzQe1JznXPxUMh8B6O3BFZgNLNZQIgC9SCVPvyDx0B+XBUC9/TQZjwJ4FCj8GO0hJ3jkHQcGuEzGw9HBwaniKY8YYnR787nInOE5eh2cyE9AHqzJuScKk5dHC955B19mB48WcTwq3QwNo1JL4YJZb2rRJn1eDffGQq5CSKxOCuDOom4oOaNlltWJO9kjL4bnWVKmnE9BZ0n6hhUZHYQKPtkvve3FvT7cDD+2y8srURjPlJJQLqC9xjGgpYI5JK3WBctTt9QP7k4L3zN4p/D2thDsnqLjeebqvVMMswQ8Jxc2gZbKWY3S7yabZF3+i3wiq0HyYPAYVt1RObNerOyhyoRApURmnehOczBW3V2pWMShUVWgu1Ud7u2kqMg20FHfCb476ChyHHS0hREGOmohAHJ1d7AIt9qYb95b5iOuAd11sTG126buqIhyAXT0Ube6o5WO20FH755Wd5Q7LwAdnWVnlvVNkepd4X3ptyKfDGVWd8GFiQnxEvIlcmtGuEfMuJtVx1c75/FASEgcz7Q3ogHNIEePVubnt28+H1LMy7fYpOecUXppyMrR1etS8jVzn1n1SXQ5AhwNt6jqo8EdEwGOhmvO6qNhSUygZbHmutfqCBw9DD5g8uZpqkZT/eozTKOpGFC3WlNAR5Wg1lUduThYaHXEj9vi6mXnfV2gphcBlKSlFwGUpKUXDjaqll442B1qesEhIPcCRZU7yzrVVHOYjBWqB6gx7YIWtaiAkIgCl9ZVIVWmh2p1FA/4BToa0eiIBkrV6sgFlKrV0UMxQa2jF7uqAb840FU1v6W9E35jWbU9B0e8NVwnUsirXHuA7WNl1aGmdxRsmVV6LWBGWnpxWTXdyeciPe9Nak76hYAcLb/Vyp2HtfzywZ7R0ssHe+bf05tssh3b9Pg6o0KAx4WHhdY4+JBb3G6fjjQ3bwYnIv7SdZ6RiYFp1JJaSmNAwFop4YCAtVIaAwLWSgnHpKvafpdir5lXqI+HMc7nX/9HcdehGOeTXOScW0M9uVkch7jCfnhyJil3KmSGfOnO8SobclptjE0CpXXSOCY2PokWE0OCW4e7R4Y551RGhWx2HqDJYRSWZIFOYYqY4ZP5lUZyF1yVm9CGgEpvb8qtY7SeEbuFbo7ctrfA1HqbaE709U0/LN+eXp0Qa08r2UQ0jU8p3EqPp+YvV+F2JH6oyqlOyrndF+vVl9x6cjqBXhUyHdsu2lNlHRuXEGMdgzsZbUyKDt1KI0XtvcGa48r4jqzLc7HJyd7M+nI/Z9og92a0S/jFECKMnNHWSCczWuDG0RsrDW87Y08aMvl434O11NxaWlWUON57KM+FN0vlWe+bPdD/fLDK9sAHczG2SZlD0Sax5PSFH9nTnT0jCo+q2LaewcceFzuaM9ojw4+FG7efL/UoHpmF17NmObJl9HzGeSax3LUFX4NI6NjL6EvvCMbB+uR4zzJRSHBxnoVzwME286aJcgbPy3cc0duJHLUxEdh1XzcPHO8eNJz3rD4g+evgE8TA4+ZMYXzGl+Emwt5xj5JOYTTjpIdnZ1dPh0cH37jVqq3ldMBoW3Nh8ULPEg+OUbJ6hWgF2oUxGKTiuOKrvWKaRWS/qXOtPAVDULVP0ewUsrvIfCuSVHiL/pv53rzjh4zXg+eZSCK3ebDCsPa5CdZwymQkLyk2hIpzGO0e6widK+chv+vx2LBqvsn/eegnDWK4igSIW5pMBzqLS+EMNxniYnPKimMhf9VjjCcnoKf2yvHIoY0nsBE7F/ALUu04Wz0+SCT4TbxDxHujH+T/YypxDeSnC/mugZC6kKUaYgc/ZXYUCWoPFhsZGBT4q7gVBNRtvwq8z5cPTltGYOZIlgTfm1aWpma6kFIXKoXpQnfWeGmgiU9rP1uN76sb/+01qfnoQvrZsga29KagLr0uTFCTzBkxulCfpU2zQBdirUCXjmmwYZ4ulqHrxlsD0XWhfWuglDXBhnkr1f3CfLWSp79unifWlIDRhVLXQChdCLsG0nJy4otzjer4B3Xju66kRpG3Ln3FpUl9kuxq6tAXSuRXlhTcTKnfQm0XHiMwqZBNLN3jHpKiF+oQhA8EnvKypcG77GzpzoX6LsJlAU7euDTKTZV6Y5QNiIiXgky5cGmSmyZFLtQgSmGYfyzXmYCSVy0Nc6kZEv+khqeEGd3ADqwI2wtH5X1L01yG1DeploW3pfPq5UNL33CZUlRS3VN8nMBRfvKMapF7WIpJqmcRqgWBK8ulrLOc3b+tw7VBXzNzy+uBF9cJfGmdwL9jHZdGp2sQeFPMa0nr+8pfD8xZJ/DvWEekyEtggl2n6+PrdB35etfXrePt/3cdBfsHlesERq8TGPZ64N+3DpybKR5fLxtSfcNmSlCJDk9N43iOspM3GdmSnUrHLthlHu788XjfRHuWqa3BhQnVPfYhCVrpgIB9wPOUlakGlSL/xC1PYTM8iqxV9RWbJvFJtKtHF5TIrqgU7EyJn9K+yxTDMyHKF9mHJZhERxasmhcoq1INs6npii0Is5e8TJlQNclOkyCVdojxdVI5o5OKrFE1yk6VnBi8LvKHRxyVK0QoOCFQPiryqT6XZQzjHqFxnbKzaVlMDjXdiepEP+Tk7URjMbIWq1sXGzqN54/o7XwW8mKP5xsz0vlvPnzWeuXMDarZsZicN6V3R4cpvo3Fp+qSkNewEASdK3sr7g+OsQZOcWafRRiFlrxH/Ix+2lDK/fzsx8pIfL/H0MGF7S9uvedoYrDbALpu+jkh9LA9lKosmLVox/7UCIs3/esWktO7imw3VM3Z4Nbejbi0nKCCooS4mDQXls/0lcvR/owpwmJyAEfs2+nq0Lcw3/xWWUhxC8agG4l+kq13Wt+tF2Gmf6TXRmBHcNX/i8etPYxPci0s7K4+rvz+w6RZsSzSpfzDB1n3UU/OTLwa7zylghKh0c5CeWfBMqSEyqGgfVybG9caHzjWzthWEt6d6R+aLvq22GrT0U869DIKp7dcs7vmCNlDg/EvRvrvNRjfLTGRRelnFcxyjn+8++VbG3KfNWcZ56X9nWKuKOBTIcOAlS9UBm2bV74Q5emvPFe+Z+UWb4SichQX7a+6DSdnH1fZfjuetvppa+WbGPhpxyse1lcthSXZXR/Vu+34Aom5GXjslNej1SWhe6tP/TUeMaMpvPsPnv+t9dbeE76van8i7w7PfnNlwsaHqzPNzXQ9shB/fDma84dSI6PAXaKmdOsjehWuZ81XPPRXv7gFUPR0PMQvmfuKLpouN5yq8a/IIUeQhN/nvLG6dtNq5W+sycqg1ezo/hbjE2eDS/R6rxbmbKOY/+2Xn4OgOCgMIkC7oCDNMxjaD4VATuA9AtoL3uKhd6FtkA+41DMiAE4A1l3QETDaoTMOArPDoGgIC70PxQA7CdiQmjmv24OgfcCGB366VpRm9npIELi/D65ggOyBEsBbCEQEdn8QAQVy26nxXH9OEBQKbNEgC7ymJtwa1Fvj+WszgkAm0eA9GFjCQIQIzVNbcyh43w/ukZoVSJoVj4DLB6y2F8KAarxBlisx/nlmEIj3PmB/rS8K8oPQoCJ/4Lt3lcF/nqe2/VpWeGAnAgsBIGr21Zxi/+sVBAPfYBDlX1XwW7LcoaPNf60HtRZ8QfRfU8OO/9O7MfS/ggx7VQ=="
)


@pytest.mark.parametrize(("data", "method"), [(XPRESS, "xpress"), (LZX, "lzx")])
def test_files_of_either_compression(data, method):
    features, children, error = read(data)
    assert error is None
    assert features == {
        "archive.method": [method],
        "image.label": ["名前 IMG"],
        "archive.members": [5],
        "archive.member": ["Invoice.pdf.lnk", "loader.dll", "numbers.txt", "請求書 2026.txt", "docs/readme.txt"],
    }
    assert (children["Invoice.pdf.lnk"].data, children["loader.dll"].data) == (LNK, DLL)
    assert (children["numbers.txt"].data, children["docs/readme.txt"].data) == (NUMBERS, b"hi\n")
    analysis, _ = analyse(Artifact("a", data, "a"))
    assert (analysis.media_type, analysis.unscanned) == ("application/x-ms-wim", "")


def test_chunks_of_other_sizes():
    assert read(WIDE)[1]["numbers.txt"].data == NUMBERS
    for size in (0, 32_769, 1 << 22):
        assert isinstance(read(WIDE[:20] + size.to_bytes(4, "little") + WIDE[24:])[2], MalformedError)


def test_named_streams_and_attributes():
    at = STREAMS.index("loader.dll".encode("utf-16-le")) - 102
    features, children, error = read(STREAMS[: at + 8] + b"\x26" + STREAMS[at + 9 :])
    assert error is None
    assert features["archive.method"] == ["store"]
    assert features["archive.hidden_file"] == ["loader.dll"]
    assert features["image.alternate_stream"] == ["Invoice.pdf.lnk:Zone.Identifier", "loader.dll:secret"]
    assert (children["loader.dll"].data, children["loader.dll:secret"].data) == (DLL, LNK)


def test_lzms_is_named():
    analysis, children = analyse(Artifact("a", LZMS, "a"))
    assert "lzms compression is not read" in analysis.unscanned
    assert not children


def test_folders_that_hold_each_other_end():
    at = STREAMS.index("loader.dll".encode("utf-16-le")) - 102
    table, size = int.from_bytes(STREAMS[56:64], "little"), int.from_bytes(STREAMS[48:55], "little")
    entry = next(spot for spot in range(table, table + size, 50) if STREAMS[spot + 7] & 2)
    metadata = int.from_bytes(STREAMS[entry + 8 : entry + 16], "little")
    root = metadata + -(-int.from_bytes(STREAMS[metadata : metadata + 4], "little") // 8) * 8
    below = STREAMS[root + 16 : root + 24]
    looped = STREAMS[: at + 8] + b"\x10" + STREAMS[at + 9 : at + 16] + below + STREAMS[at + 24 :]
    _, children, error = read(looped)
    assert "lies in itself" in str(error)
    assert children["Invoice.pdf.lnk"].data == LNK


def test_data_that_lie_elsewhere_are_named():
    table = int.from_bytes(STREAMS[56:64], "little")
    _, children, error = read(STREAMS[: table + 80] + bytes(20) + STREAMS[table + 100 :])
    missing = [name for name, child in children.items() if "not in this file" in child.unscanned]
    assert missing == ["Invoice.pdf.lnk", "loader.dll:secret"]  # equal contents are kept once
    assert isinstance(error, MalformedError)


def test_a_declared_terabyte_costs_nothing():
    table = int.from_bytes(STREAMS[56:64], "little")
    _, children, error = read(STREAMS[: table + 66] + (1 << 40).to_bytes(8, "little") + STREAMS[table + 74 :])
    assert "member_bytes" in str(error)
    assert any("member_bytes" in child.unscanned for child in children.values())
    assert read(XPRESS[:100])[2]
    assert read(XPRESS[:300])[2]


def test_xpress_copies_and_long_lengths():
    # Codes: "a" one bit; a match of length 15 or more at distance 1 one bit.
    lengths = bytearray(256)
    lengths[ord("a") // 2] |= 1 << 4
    lengths[(256 + 15) // 2] |= 1 << 4
    chunk = bytes(lengths) + b"\0\x40" + b"\0\0" + bytes([100])
    assert _xpress.expand(chunk, 1 + 118) == b"a" * 119
    with pytest.raises(MalformedError, match="cut"):
        _xpress.expand(chunk, 60_000)
    with pytest.raises(MalformedError, match="before the chunk"):
        _xpress.expand(bytes(lengths) + b"\0\x80\0\0\5", 9)


@pytest.mark.parametrize("seed", [XPRESS, LZX, STREAMS, LZMS], ids=["xpress", "lzx", "store", "lzms"])
def test_only_foreseen_errors_come_out_of_broken_images(seed):
    dice = random.Random(7)
    for _ in range(200):
        data = bytearray(seed)
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(8, len(data))] = dice.choice([0, 1, 0xFF, dice.randrange(256)])
        read(bytes(data[: dice.choice([len(data), dice.randrange(9, len(data) + 1)])]))
