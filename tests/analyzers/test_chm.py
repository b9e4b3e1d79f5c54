"""Compiled HTML help."""

import base64
import random
import zlib

from sekisho.analyzers.chm import MAGIC, analyze
from sekisho.app.examine import analyse
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError

PAGE = ("<html><body>" + "".join(f"<p>line {number}</p>\n" for number in range(6_000)) + "</body></html>").encode()

# chmcmd of Free Pascal: three files, one of them longer than an interval of LZX.
BOOK = zlib.decompress(
    base64.b64decode(
        "eNrt2gdUE4m6B/ChF4UAgooKBBRYsASlidKLgAooCSIKxKhIkyI9kEIVF1fBFSwg4AoWQIm7GJGuIKJRiC4iiwooCEioUhIIJS/f6n337jv33Lv3rnvfO+/wcfKfbzK/+WbMeAaSE3scdpsQgiAH+A8BeBRkuMoKI4jMnACpMOa5bM5i5PITtd7B/7kOHmr5l2XUlyVO5vPy2ZflvMDn5dLtyG/KHofdBZtw/IckPMH3gl/Ogcevvzjo4Tk4J7/vBT02qD6XzZ7+fA64L9v/UrscbHfmS/11v1/3xfBXxDGr7a332lk7CxwvtLn86yrOkn8G/E0SmNVYnLO9oy1W4DjDRoC/CeuGxdk4IHHil0kSmDVOltvtHbE4ASTDTAqDX413trGwdrDhNwhfiGGCCd5eoXAI2S9tqNehoMDDG3zCAgTOCR1P1xPHBPse2uDte4R/aENpSUxoGCEk7NfNGWbW8lu2WBPCCNhgwiEvjCMhwGunb2gYckXY+Ju/3YANCwrhz8Y4YK2CAoJDvEJDvQ5jrIICw7wCw5C8fU3B636XDgk6Cgq5Yr5K65/uwN8UaB94JAi54i6O+acaF0IIDD0SFBKA+fwPOKyB/xf2iTHcZrVps5Geznoja92N6zdutOZ3lpsM1+voWOhYGW20MbIytCJj7AP5r13gIS+YC6+47598CGevUK8wHOHgUS8kT3IXslALtVALtVALtVALtVALtVALtVD/66UgEItgEDkE5+MbiiaEHPLxjfBCRxJC0YFBYegAwmEv9EEiOszHC+2ARdvhHHai7byOBqNdg0L8Q32Cgr8J0fomLEALHRwS5B1CCFiHPhgeBjtsC/HyQu8ihB4iHNUMRR/yCUDz32n6899konU3bOL/SEnCW03fo16HQVvZOVgFHP68SejXzzSEEUpGgYAEshSxs7NA7/EKCfUNCkTrbTDU27DZUGcTf/uaXz/V+GclyJ/1358aIEKIDGKB9iGEBBzlv8lFHwwK8kfEkM9jpBBEBrca6yDw5XOUhVqohVqohVqohVqohVqohVqohVqohfr/WcqIILIYcUECkUNIEBKABCMhiBcSyv/xQg7zty9GHBAsYvV3t4nyHzv37bUSRD5/F0Pwbz5H2Hb1cxeDGCLb+PtvQjYjRogeooOs5y+tEV1kI7/byP+x5j8He4rwH+L8xzd/s3ew5pdxsb896yNLPy8N0J+XgRrIb7yMDIIII7aqBw4gEU4InjRXWeCA235z8Miep+5zyvOc4ZnuI1lqV3bl3VPQvVEQnue88uZPPnr95dF5W3Tv3PFmdBxUW7vt8Zm8c4+H2MJPdz8SQIoUdYs23xNYfp40fn0RM7lOPjpukW7jis2iOhYyi8WuoJUM1wRnP1YSk1kjXmhvLR6XvtRsONactPNZw0Zqw6wKhzw43LDLDM5N9oWMrPzjPQ+HIm2rcpls08LCsK42Gm8iss1SurKQptk51TE5ukNla6f6sqr+y52VRfjwZ7dpHcMcWoc/da6rwNWlfYcTb8BzSzuFlsWju7iWulRSXzTOuOyPDvDlFYbtKR+pKooy7LgXeSwj0pB1t/1NV0d9C7udc5+SzXleVeg5cL5ph2tJa1Faa1pHCYcVUzVmQqKVtPp1tnO2xHh4XdMdDivKLuwc4pjE0OZbqddKmlsGwyWnhKqZnkVx4e+mBsvLHSOr2C6jS0nM4aKESf4z1ds9l+Q2OfGn+r33mDKNoa1oPf6+ZIoVQ1YzPQGzu7Kn+LOTPK1SmF1F8/TqeU/MI86sS/vQ6ZEbRSPDZJIivrJiitXezhqg8C+P62rDiUpyQfGE60i4S0gEiTNctHc/d0sFvr21uYhHdcFjVe/5/VI8z/+XXuJ0PyA/KZ50nacPdoRPUtYv6/rU1LoWNdR1OWY9xah1NavkzD1vWlcYzY3svb+L3yXRPE5546E7SyO89t54jNca4kOle+KPcmaKKlbebbctjon0YzXBeWxsx9bymrKHaG3+rHap6YfUvqFLU7jcbNZrbJ7yL9/SuCyXqvIlrtV9H2xtKaqubaU7TKs/uO54s2tLz57S16zOnA9eG8pcd5Sq88bHNDWpt4vYQ+lBTtMt6UMMKns6IwP/rGUuwFVsjuWKL9U3mbh56FR4r7tPp8nATe8+1szdp06lJL+n7D789PT589TnLWMB/u3htzxvBZWG00urJ181hb3ANJBIz4of1edRh8Z1dc2GC49isgeKQ1l+nrPF+I7JoopjP6ZSwmlVw/Qiyifa2fnJopqui5g5UmNja69f1VRvadD8ZG9l6DW80uDthHE/vPvg9WSTmdtKIbSxmaFhE5pf4HDUSM32ioquqkE/+n66y3eufUVUk+EhWkhrNrPE6BPFZPK54ypaQ6E3qauKffzS4c6S1oAbmWMm7KfV3rRSde54BLtaida41rutdHDSoDdhvskzyD/8Y9/gjEHVNvYlX75/kxve83Fw2iAmINDEj79+7NpJSpNnfV70kAd7qJ6dSQnHYPjX66DyXHbVSVrmRCgbb9x6NauE3RXT3mHUjGnzv9frVPOGNpZGdfGMSeewiiINm6oLaB3thX23uCPtrhgOpzLSo760gkd9tuhNC3Vm5scyv0Ono196nioOefu+03RyiEVMrZg9Vo9ntrxtOV8x95bWVFTVe9GJ1PJtYT95+BNzidl11/Iip8jM4PLCCslwmukk77pK/ZArtyxSYSiwqr/MMCyWtDKydH7cm1pUGFnZkeqKIrqajZgMenhVDaBiilo4Vb/URHdVvCb1MWc4lWabi1o51badkx8NjnEq+ihz0xiPGn8e56MNs+pac1SAAMq4u8x79kOrdKM+KrrIYui6StRHIRTZpzwqQAQjMHu6PKGVNGrUF8WrKbt7QLNyNvGByujbyBoKx6v/Pd2wsu7HOn/y1Bz+UzVVZZ5zqr+L7kQSHZWaVqBVdl1ktrTU3B18EM6mkQdGk9mv91E+/Yzx4EZ6PPJnRvVoRejTpLpXlpKXbj3d2vGpHjM9SBvqVkmdbTlzt62kOiZy6M6l0Iy+8jHPirRW5bHGIC6L5vFhdSupJXPl5H589aRIr4eLf01fNpXUljr0DEMcUD9iMlT8gZ47+ymlYl9rR9UUM4cu0Dk549HLrWYP1KTOvT6RM/YYK0XEeM76V8S4dbLpBBVSd3GgfyRlsLmBzMXj2XQvfNUALeL1T2Yz7BJ2Fb6C7bs/5+jT/eOuntMMI2ZjEXFofdCDmYi+1mry0A+pfa9HyvoJlQbna5TH2w8ZV7c3tJJ7rVSonE+txpTuPgPim62d7LKKucDSs1R2aTAPnxX6dqQyo6KaeOFQCMcIZTY9eLavOvIeU2piTFSpvc+WEvNhK6ZmejCLU0np6dszm/u0ZubtsxrmbHSkysTQzBCzeuxesgoHHcnrm7D1oeInprNz30wTc3kfyzizb3OyJ8qeRgfRPGaqjnayU6tHPMfad1QzJnlYs1T23P2fMRNvr9fEcLNyei+qRLMftFTlRk0ldeyfnc7d050cWZk26jjb3n/eZPg6k/wy1DOybKBqquJNdGBRbhX3EXNueKozjMBZVWYyN1XZTQmMtvUY+YDK4ZSNe0xXjVCGSfjskV7UcOTzuaD5EXJuRWf2/ExfH2pqUCCIaPbctqY306z0wY4NURPJqNm3cU5z78TMOO8bNYwL+6Z7s6to51iumnNv83Mmn+Ipw8dp7aO3UNWjocvmZ+tUoodlR7Z0TahIxzwsCZqbfzXo1IoZmSmsvkeb/pDg2HMWZRZxd6Qp5OmynJ5zVONPeQMmvNHnizrCzgYFzUs3E1/0mi1jjf+0loyfLzipRXU5merec8RphuWTSuo5Ymr08onydAl+biw9j8w6U4pnTbOuKgvxpn95Etg+ccbJY6jYaTbEP3e656pyzWtex2QIF6NKxfIeUW1jerydiLST/hxemm0w99lN1B3Tbi5zwPQ2taEztjN16Qc13nRpjfqtJ7vnx4KoRfvPlc/2djIVN/FOBj67GNp7yci76bkFNSxmLOyFmNJzC6WwvWLJ4eF7G3LDtAkeSq9eEQhK2a9e+fpm8161KoW/2Hf9enj4PveGhvBwd4+G9FmbZUqtrceIStmtrURidnarMPWj4nj5VtptIaGtW29DvrutdO7AMs2IiIMHNT+ncYSKgl1cwbtR/UKc9hTJY5OCZDU+y1EkntZ6Hffg3Vr9whcjQcE2TibBKJKQ9/03wZxZk2RUtxDpgch59/EXy/DBD1zOkzkiy9yD32fgKfDszCd4tuU8lSdi7pYu4iagbi6Uzu9s3ES8zMWgS3KTuGq+CLp6N6kec1S6BThZdYsl0Nm4KXhZLIMuyU3xqsVK6OrdlHosVNItwamqW66GzsZN3ctSE7okN62rlmuhq3db32OJSbcCt1HdShc6Gzd9LytD6JLcjK5abYWu3s2kx8os3RqchYb1xZ2HN519slNj08UnhzXOXtz5nWmYIvPAg7y5a9uWlUsF6SS8+O70xKqBA2J51sS/qt/u83vWGIcl/0FtkSRZSvTnc4Y1Nc9y59I2RF+Ot5Tsz0c5fvND2omQXX+gFPYQkvbsTVLYS/h9nRth8SOdwE+HVicofnfUuHTTvY8XH/Cf6TjmbZaQ9M3vnfL3u4w9vlf37Luasc/33+m8K7tlUjc/VGy690jT8ViXwUSFt3v3sobNjxRPhPzr8xRcj9W7utcruB/7o12DR6t20aoQ0rHiCoZ2wyrObNFN0sTKEPdjPzYwLNOL76Wsvde1trgr5R91YwxaJWNt5dha2tfstsxv7r86UNx9OotSztoysLm7oKi4OJVCO33ybbnCFWKPq2dPhicxw/W3nci5A3FL98aJ7D0gsvTP6kx2oV4Kkc3fP5/CmWaj+oW45qjmubu7lwouun1/0br7gutuCy768f6OdQ/l1v0ot+PHh/+JzmddSkIvessJ6SsJH9GME+wrph9RkokWPonXVLUzpbVkl/4gm/lDQaaylpzGD3L87sSG4p0OJ04UFzs6Qe7aDemMhcS5QO5xhdzrBrlvP6S7B6QnHvIAAfLgIcjDXpBHvCF9fCH9/CGPBkAGBkEGH4MMCYUMC4eMiISMIkJGx0CSyJAUKmRsHGR8AmRiEuTxZMgT30KmnIT87hTk6VTItDOQ35+FTM+APHce8sJFyMwsyEvZkDm5kJd/gLySB5l/9YQaLSuzv+xKRXlWhW9WYX/5TxUV0JX3V4wOV1wnNxh6NROvRkYbRjYb0ptj6iNJhtgPkVjDdixlKJJqyO/msLFSUXGGUVhDJWz8+qgE6EywiQ5RSdB5YI8HRCVDR8aeOBX1LXTZ2JRbUSehq8J+1xh1Crp27OmhqFTo5rBpUsQzhkSY9/164lnoTLDpDsQM6Dyw5wKI56EjYy+cIl6ELhubeYuYBV0V9lIjMRu6dmzOEDEXujnsZanoHwyjYd6V9dF50Jlg8x2i05UnbtjSta/pm/TvTmXgnOKjX+Ypu9zI158stDXR3u3CYLmmRuPyal1e3VGeBFkcbjLAl474faRJqZNnN9uE3rE/eWfzyZLNDtN3Xspvj3mdp5xx41U9+66tSeHuMtZQcGoMLi8l422vMueGrU1heZvJ8O5UFi6KEdMBkl3P/7OeL6dZI7GpJFyeZMY7UZUpkLWKpqMgT2wndeWpZNxYWj/1yNa0cLcR61MayJSMDxoq0yAZbqZjIC8wSL0gDeqnm0ASWeOXU8kw8+M2FS7Iny+aToC8sZ3MArmnnvsKZBlr8jbIlIzBIyozIF+3mbJB3mOQh0FG1M90gJxmce6nUmDm6HGVWZBdimZTIB9vp4yBPFc/22trVmht9O30wMxGzdBt1+UdNyqEbtRUc03NxLXWUth5Ki437tDnhm3NtHeHM2Y6U6m4PEGXqYcq8zds9bXHMsxm4Vr0WVK5IF/S59kg6Yy5EZDxLrMfVHgguS1m8yA5tdR5kBN03jzISQaPl4o4pwniEOFYJB+tryWogCB25gxnMUtEMC0Wly9PR0TRiJadPkMAZc6X8TjhNbECICVdEEGQy2oRUZB6dAFpkOEMIRVzAZgpbh0rCFIuAxEGqWkpIAkSRxdcCpLOEMGAjMctPhwrBHJFCyIK0rBWQBpkGF1ImS/dJs+bctnNT7IRRR3BZp3sFGMBXzsFhrituaBzmiVOLj1WOB9N19LQF5CAvZ3iBeVh73x9EW20gJadC0PSFWQtbumdWBGQG8IFFoHECwotB/lQX3QTyAzGYm9zIZi54mWsKEgDuoAUyKB4oVUgP+iLbQHZwpCOBFmLU56IFQNpOimAAkkVFEanxeHyhfXFLdGCWvzzlEk2F4aZavJx4iC36QvKgkyNF14Dco2+xHaQLgy58yBrcRp6cRIgHcMFl4DMFRT5BqS1vqQzyAyG/HVzEZipjYuT5Mu1e9q8O29tdRvXJ5QYbJU3Evk5LVN+vV/cony0V8H+94LL7My1nctfi2DS4uTzo3sW4dFCBXYC2strzUWd01bIb0yJWwzykKqQIkjGPlFdkJk9i71BWmiv+Blkprx+YZwUSH+C0EqQr1+LGoIs75EKAhmnvarLXAxmGjHipEGG/iCkBJK1T2wryNc90pEgH2grj4HMlDdhxaFAxrwXUgHJfS1mBpLbg6KiheE80YIW4jDTQjJeBmSCqrAq/6ScJfeJW6XFy+ev6JFJBmmhrSYHMlPeRjteFuRJgvBqkCteiydXuN9364ytq6uqiXU4kwb+W781aywknNO00+0d4+Xy0UkF6QXC6nYWfs7r/CR2pMWn53uKLLkA8omfhh7IwnSHwPglIC/1C2uCNGZJOIGkiMhfRosU2En4fWNtIQkzd5/mnxpf5muJaIHc6SeJBZkjonADpL2fNg5kYbpLcbwCyJu+ImtBurMkXUFWiyy9DfJbv3WHLRbBTLem+KUg7xSIrAd51G/RfpAdIsvugXzityEMZGG6x3D8MpCV/SIYkCTWIjzIeZHl99GicJ46iRaLYSZBOmE5yIdaonX4pO6bIw3vH0ulXXt5CJ2gmI9W0HriILrJziLFOeOnxV5pCS/zdTIUG9GiWnYBKbrZMGHspbd5wgqQL06J6oG8uknKF+SujBUtIG+l6N+ykHJOC3npfyBhJci2RlEDkPSfpAJABmesbOdLp6HKBw1zJdWZajUW0nAPCU5MWAV3hi4Fsc12FgznBkvpkLQEXH46fVUvWgzuS0ZMkPG4sPwEJZAsF7EtIFtrpSNA3qErDYMMZ2zttEDBzKiHCcogxzLEjEH2WaKiQb6kK7NB0hkmIyDjcaQPCSoguS1ipiA5tShK2qo9AabcVynPxHztJhlmPAsZmBkrnIjOV4X7p7i5nSXcP2Xi0xLh/okWVRWH87RAWcrAzMQ1iaogJV3ELUEuq5U5DlKPrioNMpxhpWIpCzNPWCeqgZTLELcGqWkpmwISR1dbCpLOsMGAjMd9dzhxNcgVLeLbQBrWyp4GGUZfrQxykmFrZikHM9MSE9eAVFOQsANpayn3Pch0+hoNVQk4T3snkPG49PxEdZDaLhLbQbrWyp0DeYeuvgFkOGMH3nIJzLzwMFED5KYMiZ0gvS2XJDf4vnz5/r0fbffu5OSSUsiKGsi6BsinzN22SRL2xwsIy5cfP0744+m//E1yp2Kdm+Hdu3V1RlshTcwgLazuOpzRV63T0Vm8uO7fSWadl5BojjHzmtTKqFH3NoOAd/fHvd+WxQkxc8JHRKWMo3rfrjQcfdc2HvTufpw380GSkFiOMUpDelXUrLsBJGmb9DOu0eg7t/GQXhCN2XyhZmacdVpaKWp0HXFL+Lv7un2sVzCRdkhM2jiq6abS1tF3RN3I4ftxfcyOGpiYII1SBm1MBD3WC5qZJ4YyjnK8qWwCOoYNergTdN1plApoUzJoLhv0SDfoppsqZqCp86DneULiOcZC0jJo0OZx7x7o9gmKxgszc1CrxWVgNtoCdILog/g+prSKMF9bnZZRBW2ZxNePJXc6/P3XTbruk+6MtO6A8cMTfcxojoxqjvH4sJWezcvEf+86/P18Jk2c5Rp8eqbYw+huCPXOWJt67XFmGuHC1/lfBZlMoAS6uh4hexDHSIoVET1aIRr5y699remQEckhFPIS4pGjj9PG5aeX/LwY+/VeH7gOc7M5is+4Rybky7727MV1usbGkwP7tTZ97ddk+fFuwu1c5hl1gkQW2/iinPrgL6HeO87fJjBzNnrXJprEvKqUcPzFwQ69K85cWFBG3BwtGCcujJb5OmtJ5qW5nRY5bqj2cpMYDfewj+yhtvEX+W9KvR/bp127nPlnHDPOXFmQQyHXxRxZ11nNGSHqkrkdVX1M9kgM3L/+yDESfZspPHG5azuFpNfYXdBZH52mSqjV67c8nijRfA21Wm7NzguOt+zO6BCi9VZvq03sbz6tIsHXVqfX2IP+Xh309nOgMYdAN92yP6sTFd3IT0L5Hc2zowMzfLHrCgjbs3LqO202XDAgb8/QIawI03ap5R+/yA0mlkaob7+gM7fi3DpCbZivWwl431a+v3CXvOM86A0eoCuIoDls9R2gL+iAJtSB/nbZEo2d/Nk7L4Le5AX66UWJJdd2GkbwN/B1ph5o32bQBa6g75IdskAbBIB+UwY6kq3hAPrSZoLGYZkbv+eVzLS5EzU5dDBT7+WN+pP9zc7Xl/7R6/KP19rVUo25w5sauWaxh5/ofUDssLsc/ozjfF6LkD2YQy65eGQoRUEX7kHiuK8zd0YWvjUgiAgiogbWyIEDEnrG2ivk347PtD+bTX7xMt3HPOmWvPxttQTRkU7xcRlE4D58yWDJd7vHd3ev7bbb6CE68ZSrnib3+fsHsi8sFzfu6uZUj1CpE1RbHo89QR2Z583M9/XXnOsMolLZl3hREcei5ytWKFENmlKa+IVior6UE8rpS61yDN5c9146OWjVKeqnkfmqGkPOo46plbzuztkYatDIqY+jH7/Ui4/b8lac8tHLe9F4xCCr7eiREp1nn+99J06o8Zqzmv+Fkk7evOp9cHLdKunPR/86a0dXGc5vG7lwytv2enJ7w+Q0ZZw8m9tpiG8YmW4fn5yldJLxuSOG/1tbwjkvPr340+sv1+jUNr0VL3y+1trKU0cNStr+ct2zGr/W2vG2r/d7UvZfrrb/QL3/t4owT9D/en8//CdTliC7UF+5NsuK8dbOPzbjXcvUUbui9n+4ZmL6zGg8Kpc7Dr+BeG+m+L+T5vs5nSVUagf3aRGPx+UVDdSk8mq48+95vHcqT0y/X7PG3v77f5aj9v8FyAQZ9A=="
    )
)


def read(data, name="a.chm"):
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


def packed(value):
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))


def book(files, sizes=None):
    """Build a help file without compression; ``sizes`` overrides what the directory says."""
    entries, content = b"", b""
    for name, data in files:
        raw = name.encode()
        entries += (
            packed(len(raw)) + raw + packed(0) + packed(len(content)) + packed((sizes or {}).get(name, len(data)))
        )
        content += data
    chunk_bytes = 4_096
    directory = (
        b"ITSP"
        + (1).to_bytes(4, "little")
        + (0x54).to_bytes(4, "little")
        + bytes(4)
        + chunk_bytes.to_bytes(4, "little")
    )
    directory = (directory + bytes(24) + (1).to_bytes(4, "little")).ljust(0x54, b"\0")
    free = chunk_bytes - 20 - len(entries)
    chunk = (b"PMGL" + free.to_bytes(4, "little") + bytes(12) + entries).ljust(chunk_bytes, b"\0")
    head = (MAGIC + bytes(12) + (0x411).to_bytes(4, "little")).ljust(0x48, b"\0")
    head += (0x60).to_bytes(8, "little") + len(directory + chunk).to_bytes(8, "little")
    head += (0x60 + len(directory + chunk)).to_bytes(8, "little")
    return head + directory + chunk + content


def test_files_and_what_the_compiler_noted():
    features, children, error = read(BOOK)
    assert error is None
    assert features == {
        "chm.language": [0x411],
        "chm.compiler": ["HHA Version 4.74.8702"],
        "chm.start_page": ["start.htm"],
        "chm.title": ["A harmless book"],
        "archive.members": [4],
        "archive.member": ["_#_README_#_", "pages/second.htm", "pic.gif", "start.htm"],
    }
    assert children["pages/second.htm"].data == PAGE
    assert children["pic.gif"].data.startswith(b"GIF89a")
    analysis, _ = analyse(Artifact("a", BOOK, "a"))
    assert (analysis.media_type, analysis.unscanned) == ("application/vnd.ms-htmlhelp", "")


def test_a_page_that_starts_a_program():
    page = b"""<object classid="clsid:adb880a6-d8ff-11cf-9377-00aa003b7a11"><PARAM name="Command" value="ShortCut">
    <PARAM name="Item1" value=",cmd.exe,/c echo &quot;hi&quot;"></object>"""
    features, children, error = read(book([("/start.htm", page)]))
    assert error is None
    assert features["chm.shortcut"] == ['cmd.exe /c echo "hi"']
    assert (children["shortcut"].kind, children["shortcut"].relation) == ("cmd", "decoded")
    assert "chm.shortcut" not in read(book([("/start.htm", page.replace(b"ShortCut", b"Index"))]))[0]


def test_names_that_lead_out_and_sizes_that_lie():
    features, children, error = read(book([("/../x.exe", b"one"), ("/b.txt", b"two")], {"/b.txt": 1 << 40}))
    assert features["archive.traversal"] == ["../x.exe"]
    assert (children["../x.exe"].data, children["b.txt"].data) == (b"one", b"")
    assert "member_bytes" in str(error)
    cut = read(book([("/b.txt", b"two")], {"/b.txt": 9}))
    assert (cut[1]["b.txt"].data, "before the file" in str(cut[2])) == (b"two", True)


def test_a_directory_that_is_missing_is_an_error():
    for data in (MAGIC, BOOK[:90], BOOK.replace(b"ITSP", b"xxxx")):
        _, children, error = read(data)
        assert (children, isinstance(error, MalformedError)) == ({}, True)
    assert "ControlData" in str(read(BOOK.replace(b"ControlData", b"controlData"))[2])


def test_compression_that_asks_for_too_much_is_refused():
    at = BOOK.index(b"LZXC")
    for field in (8, 12):
        _, children, error = read(BOOK[: at + field] + b"\xff\xff\xff\x7f" + BOOK[at + field + 4 :])
        assert error
        assert children["start.htm"].unscanned


def test_only_foreseen_errors_come_out_of_broken_books():
    dice = random.Random(7)
    seeds = [BOOK, book([("/start.htm", b"<html>" * 9), ("/#SYSTEM", b"\3\0\0\0\2\0\5\0a.htm")])]
    for _ in range(300):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(8, len(data) if dice.randrange(2) else 700)] = dice.choice(
                [0, 1, 0xFF, dice.randrange(256)]
            )
        read(bytes(data[: dice.choice([len(data), dice.randrange(9, len(data) + 1)])]))
