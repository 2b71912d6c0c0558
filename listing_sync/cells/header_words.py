"""Name a Japanese header in English from the words of the trade that it is made of."""

from __future__ import annotations

import re
from typing import Final

from listing_sync.cells.spelling import normalise

_WORDS: Final = dict(
    pair.split("=")
    for pair in """
物件=property 土地=land 建物=building 戸建=house 一戸建=house マンション=condo
アパート=apartment 店舗=shop 事務所=office 倉庫=warehouse 工場=factory 収益=income 区分=unit
一棟=whole 部屋=room 住戸=dwelling 専有=exclusive 専用=private 共用=common 敷地=site 宅地=lot
区画=plot 庭=garden バルコニー=balcony ベランダ=veranda テラス=terrace ルーフ=roof
駐車場=parking 駐輪場=bicycle_parking バイク置場=motorcycle_parking 車庫=garage
トランクルーム=storage_room 物置=shed 納戸=storeroom
面積=area 坪数=tsubo 坪=tsubo 間口=frontage 奥行=depth 高さ=height 幅員=width 間取り=floor_plan
間取=floor_plan 帖数=room_size 畳数=room_size 階数=floors 階建=floors 所在階=floor
地上=above_ground 地下=basement 階=floor 総戸数=total_units 戸数=units 構造=structure
工法=construction_method 新築=new_build 中古=used 築年月日=built_on 築年月=built_year_month
築年数=building_age 築年=built_year 竣工=completion 完成=completion 増築=extension
改築=rebuilding 改装=refurbishment リフォーム=renovation リノベーション=renovation 修繕=repair
耐震=earthquake_resistance 基準=standard 適合=compliance
価格=price 売出=listing 売買=sales 販売=sales 成約=contracted 希望=asking 査定=appraisal
税込=with_tax 税抜=without_tax 消費税=consumption_tax 固定資産税=property_tax
都市計画税=city_planning_tax 税=tax 額=amount 金額=amount 総額=total_amount 単価=unit_price
管理費=management_fee 修繕積立金=repair_reserve_fund 積立金=reserve_fund 管理=management
共益費=common_service_fee 町会費=neighbourhood_fee 手付金=earnest_money 頭金=down_payment
残金=balance 預り金=deposit 敷金=deposit 礼金=key_money 保証金=guarantee_deposit 権利金=premium
更新料=renewal_fee 賃料=rent 家賃=rent 借地料=ground_rent 地代=ground_rent 手数料=commission
仲介=brokerage 広告=advertising 利回り=yield 利回=yield 想定=expected 現行=current 表面=gross
実質=net 収入=income 支出=expenses ローン=loan 残債=loan_balance 月額=monthly 年額=yearly
年間=yearly 円=yen 料=fee 費=fee 料金=charge 費用=cost 税率=tax_rate 率=rate 割合=share
所在地=address 所在=location 住所=address 住居表示=display_address 地番=lot_number
家屋番号=house_number 郵便番号=postal_code 都道府県=prefecture 市区町村=city 町名=town
丁目=block 番地=lot_number 建物名=building_name 号室=room_number 棟=wing 緯度=latitude
経度=longitude 地図=map エリア=district 最寄り=nearest 最寄=nearest 駅=station 沿線=railway_line
路線=railway_line 徒歩=walk バス=bus 停=stop 交通=access 分=minutes 距離=distance 方位=facing
向き=facing 方角=facing 主要=main 採光面=lit_side 開口=opening 眺望=view 周辺=nearby
環境=surroundings 施設=facilities 小学校=elementary_school 中学校=junior_high_school
学区=school_district 校区=school_district
用途地域=zoning 用途=use 地域=zone 地区=district 地目=land_category 都市計画=city_planning
建ぺい率=building_coverage_ratio 建蔽率=building_coverage_ratio 容積率=floor_area_ratio
防火=fire_zone 高度=height_district 法令=law 制限=restriction 条件=condition 権利=rights
形態=type 借地=leasehold 借家=rented_house 所有権=ownership 持分=share 比率=ratio
私道=private_road 負担=share 接道=road_access 道路=road 前面=front 角地=corner_lot
セットバック=setback 有無=presence 登記=registration 簿=register 公簿=registered 実測=measured
壁芯=wall_centre 内法=inner_measure 確認=confirmation 許可=permit 免許=licence
検査済証=inspection_certificate 国土法=land_use_act 農地=farmland 開発=development 瑕疵=defect
保険=insurance 保証=guarantee 告知=disclosure 事項=matters
取引=transaction 態様=type 媒介=brokerage 専任=exclusive 契約=contract 決済=settlement
引渡し=delivery 引渡=delivery 入居=move_in 退去=move_out 明渡し=vacating 可能=possible
予定=planned 申込=application 内見=viewing 内覧=viewing 案内=tour 公開=publication 掲載=listing
登録=registration 更新=update 変更=change 受付=reception 問合せ=enquiry 反響=response 来店=visit
状況=status 状態=state 現況=current_status 現在=current 空室=vacant 空き=free 居住中=occupied
満室=fully_let 種別=type 種類=kind 分類=category ランク=rank 区=ward 開始=start 終了=end
期限=deadline 期間=period 時期=time 年度=fiscal_year 担当者=assignee 担当=assignee 営業=sales
事務=office 責任者=manager 仲介業者=broker 業者=agent 会社=company 支店=branch 店=shop
売主=seller 買主=buyer 貸主=lessor 借主=lessee 所有者=owner 元付=listing_agent
客付=selling_agent 施工=builder 分譲=developer 設計=architect 顧客=customer 氏名=full_name
オーナー=owner 連絡先=contact 電話=phone ファックス=fax メール=email レインズ=reins
ポータル=portal サイト=site 自社=own
設備=facilities キッチン=kitchen 浴室=bathroom トイレ=toilet 洗面=washroom 収納=storage
床暖房=floor_heating エアコン=air_conditioner ガス=gas 水道=water 下水=sewage 排水=drainage
電気=electricity 給湯=hot_water インターネット=internet オートロック=auto_lock
エレベーター=elevator ペット=pets 楽器=instruments 喫煙=smoking 鍵=key
宅配ボックス=parcel_locker 防犯カメラ=security_camera
画像=image 写真=photo 外観=exterior 内観=interior 図面=drawing 図=drawing 動画=video
パノラマ=panorama 資料=document 添付=attachment 備考=remarks 特記=special_notes コメント=comment
メモ=note キャッチコピー=headline 説明=description 特徴=features おすすめ=recommended
アピール=selling_point ポイント=point 文=text 履歴=history 番号=number コード=code 名称=name
名=name 名前=name 表示=display 非=not 順=order 並び=sort 優先=priority 種=kind フラグ=flag
日時=at 年月日=date 年月=year_month 日=date 年=year 月=month 時間=time 数=count 件数=count
回数=times 合計=total 小計=subtotal 平均=average 最大=maximum 最小=minimum 上限=upper_limit
下限=lower_limit その他=other 方法=method 場所=place 理由=reason 内容=content 詳細=details
情報=information 項目=item 基本=basic 初回=first 前回=previous 次回=next 最終=last
値下げ=price_cut 値下=price_cut 前=before 後=after 内=inside 可否=allowed 可=allowed
不可=not_allowed 有=with 無=without 台数=spaces 台=spaces の=
種目=category 枚数=count 売却=sale 社内=internal 元付業者=listing_agent 客付業者=selling_agent
バス便=bus 有効=valid 無効=invalid 済=done 未=not_yet 第=no 級=grade 値=value 式=kind
総階数=total_floors 住宅=housing 性能=performance 評価=assessment フラット35=flat_35 ユーザー=user
南向き=facing_south 東向き=facing_east 西向き=facing_west 北向き=facing_north 南=south 東=east
西=west 北=north 角部屋=corner_room 最上階=top_floor リノベ=renovation オープンハウス=open_house
改定=revision 旧=former 新=new 満了=expiry 追加=added 重要=important 注意=caution 室内=interior
現地=site 案内図=guide_map 欄=field 会員=member 限定=only ステータス=status 進捗=progress
度=level チェック=check 作成=creation 者=person 削除=deletion 済み=done 家族=family
勤務先=employer 年収=annual_income 職業=occupation 国籍=nationality 生年月日=birth_date
性別=gender 年齢=age 築=built 造=construction 壁=wall 屋根=roof 床=floor 天井=ceiling 窓=window
玄関=entrance 洋室=western_room 和室=japanese_room リビング=living_room ダイニング=dining_room
居室=room 坪単価=price_per_tsubo 売値=sales_price 買取=purchase 下取=trade_in 値引=discount
割引=discount 税金=tax 印紙=stamp 登記費用=registration_cost 司法書士=judicial_scrivener
行政=administration 役所=city_hall 警察=police 病院=hospital 公園=park スーパー=supermarket
コンビニ=convenience_store 銀行=bank 郵便局=post_office 幼稚園=kindergarten 保育園=nursery
高校=high_school 大学=university 学校=school 線=line 口=exit 便=service 本数=trips 時刻=time
朝=morning 夜=night 平日=weekday 土日=weekend 祝日=holiday 曜日=weekday 定休日=closed_day
地図URL=map_url リンク=link ページ=page 検索=search タグ=tag カテゴリ=category グループ=group
タイプ=type サイズ=size カラー=colour 色=colour 形状=shape 間=room 坂=slope 地形=terrain
地盤=ground 浸水=flooding 災害=disaster ハザード=hazard マップ=map 津波=tsunami 土砂=landslide
""".split()  # noqa: SIM905 - a table of words is read as one
)
"""Japanese word -> English words joined by `_`; の says nothing."""

_LONGEST_WORD: Final = max(map(len, _WORDS))
_ORDINALS = str.maketrans("①②③④⑤⑥⑦⑧⑨", "123456789")
_SILENT = re.compile(r"[\s・/_、,()\[\]#=-]+")
_LATIN = re.compile(r"[a-z][a-z0-9]*|[0-9]+")


def english_name(header: str) -> str | None:
    """Return words joined by `_` for a header made of known ones; None where one is not known.

    The longest word counts: 管理費 is the management fee, not management and fee. Latin words and
    numbers stay as they are: 画像2 is image_2, 最寄駅1徒歩 nearest_station_1_walk.
    """
    text = _SILENT.sub("", normalise(header.translate(_ORDINALS)).casefold())
    names: list[str] = []
    at = 0
    while at < len(text):
        latin = _LATIN.match(text, at)
        if latin:
            names.append(latin[0])
            at = latin.end()
            continue
        word = next(
            (
                text[at : at + length]
                for length in range(min(_LONGEST_WORD, len(text) - at), 0, -1)
                if text[at : at + length] in _WORDS
            ),
            None,
        )
        if word is None:
            return None
        names += filter(None, (_WORDS[word],))
        at += len(word)
    name = "_".join(names)
    return name if name and name[0].isalpha() else None
