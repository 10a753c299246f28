"""What of SurveyJS is not part of the language, why, and the nearest way that is.

`reason` gives a code whose sentence says both. Linting says it beside the error, the import of a SurveyJS
file beside what it left out.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Literal

Part = Literal["type", "property", "function", "validator", "trigger"]

# Names of one thing in different releases of SurveyJS. Any of them may be the one that our tables know.
SYNONYMS: tuple[tuple[str, ...], ...] = (
    ("autocomplete", "autoComplete"),
    ("caseInsensitive", "insensitive"),
    ("eachRowRequired", "isAllRowRequired"),
    ("elements", "questions"),
    ("maxRateDescription", "maximumRateDescription"),
    ("minRateDescription", "mininumRateDescription"),
    ("panelAddText", "addPanelText"),
    ("panelRemoveText", "removePanelText"),
    ("placeholder", "placeHolder", "optionsCaption"),
    ("questionsOrder", "questionOrder"),
    ("rateType", "rateDisplayMode"),
    ("showNoneItem", "hasNone"),
    ("showOtherItem", "hasOther"),
    ("showSelectAllItem", "hasSelectAll"),
    ("useDisplayValuesInDynamicTexts", "useDisplayValuesInTitle"),
)

# Properties that change only looks or the way a page behaves; our pages decide these themselves.
PRESENTATION: frozenset[str] = frozenset((
    "addRowButtonLocation", "addRowLocation", "allowAdaptiveActions", "allowCameraAccess", "allowClear",
    "allowCompleteSurveyAutomatic", "allowImagesPreview", "allowResize", "allowResizeComment",
    "allowRowReorder", "allowRowsDragAndDrop", "alternateRows", "autoAdvanceAllowComplete",
    "autoAdvanceEnabled", "autoFocusFirstError", "autoFocusFirstQuestion", "autoGenerate", "autoGrow",
    "autoGrowComment", "backgroundColor", "backgroundImage", "backgroundImageAttachment",
    "backgroundImageFit", "backgroundOpacity", "backgroundSize", "cameraFacingMode", "cellErrorLocation",
    "cellHint", "checkErrorsMode", "closeOnSelect", "colCount", "colSpan", "columnColCount", "columnLayout",
    "columnMinWidth", "columnsLocation", "commentAreaRows", "commentPlaceHolder", "commentPlaceholder",
    "completeText", "confirmDelete", "confirmDeleteText", "contentMode", "copyDefaultValueFromLastEntry",
    "currency", "dataFormat", "defaultValueFromLastPanel", "defaultValueFromLastRow", "descriptionLocation",
    "detailErrorLocation", "detailPanelMode", "detailPanelShowOnAdding", "displayMode",
    "displayRateDescriptionsAsExtremeItems", "displayStyle", "editText", "emptyRowsText", "errorLocation",
    "fileOrPhotoPlaceholder", "filePlaceholder", "fitToContainer", "focusFirstQuestionAutomatic",
    "focusOnFirstError", "goNextPageAutomatic", "gridLayoutColumns", "gridLayoutEnabled", "headerView",
    "height", "hideColumnsIfEmpty", "hideIfChoicesEmpty", "hideIfRowsEmpty", "hideNumber",
    "hideSelectedItems", "horizontalScroll", "imageFit", "imageHeight", "imageWidth", "indent", "innerIndent",
    "inputFieldComponent", "inputSize", "inputTextAlignment", "itemComponent", "itemErrorLocation",
    "itemSize", "itemTitleWidth", "keyDuplicationError", "loadingHtml", "locationTooltip", "logo", "logoFit",
    "logoHeight", "logoPosition", "logoWidth", "matrixDragHandleArea", "maxCommentLength", "maxHeight",
    "maxImageHeight", "maxImageWidth", "maximumFractionDigits", "maxOthersLength", "maxTextLength",
    "maxWidth", "minHeight", "minImageHeight", "minImageWidth", "minimumFractionDigits", "minWidth",
    "mobileView", "navigationButtonsLocation", "navigationButtonsVisibility", "navigationDescription",
    "navigationTitle", "newPanelPosition", "nextPanelText", "noEntriesText", "noRowsText", "notificationType",
    "otherPlaceHolder", "otherPlaceholder", "pageNextText", "pagePrevText", "panelAddButtonLocation",
    "panelNextText", "panelPrevText", "panelRemoveButtonLocation", "panelsState", "partialSendEnabled",
    "penColor", "penMaxWidth", "penMinWidth", "photoPlaceholder", "placeholderReadOnly", "previewMode",
    "previewText", "prevPanelText", "processedTitle", "progressBarInheritWidthFrom", "progressBarLocation",
    "progressBarNavigationTextLocation", "progressBarShowNavigationText", "progressBarShowPageNumbers",
    "progressBarShowPageTitles", "progressBarType", "questionDescriptionLocation", "questionErrorLocation",
    "questionStartIndex", "questionTitleLocation", "questionTitlePattern", "questionTitleTemplate",
    "questionTitleWidth", "rateColorMode", "rateDescriptionLocation", "regionalFormat",
    "removePanelButtonLocation", "renderAs", "renderMode", "requiredMark", "requiredText", "rowTitleWidth",
    "scaleColorMode", "searchEnabled", "searchMode", "selectToRankAreasLayout",
    "selectToRankEmptyRankedAreaText", "selectToRankEmptyUnrankedAreaText", "selectToRankSwapAreas",
    "sendResultOnPageNext", "separateSpecialChoices", "showBrandInfo", "showClearButton", "showCompletedPage",
    "showCompletePage", "showHeader", "showInMultipleColumns", "showLabel", "showLabels",
    "showNavigationButtons", "showNumber", "showOptionsCaption", "showPageNumbers", "showPageTitles",
    "showPlaceholder", "showPrevButton", "showPreview", "showPreviewBeforeComplete", "showProgressBar",
    "showQuestionNumbers", "showRangeInProgress", "showTimer", "showTimerPanel", "showTimerPanelMode",
    "showTitle", "showTOC", "signatureAutoScaleEnabled", "signatureHeight", "signatureWidth",
    "singleInputTitleTemplate", "size", "sjsVersion", "startSurveyText", "startWithNewLine", "state",
    "storeDataAsText", "surveyId", "surveyPostId", "surveyShowDataSaving", "swapOrder", "tabAlign",
    "tabTitlePlaceholder", "templateErrorLocation", "templateQuestionTitleLocation",
    "templateQuestionTitleWidth", "templateTabTitle", "templateTitleLocation", "textUpdateMode",
    "textWrapEnabled", "timerInfoMode", "timerLocation", "titleLocation", "tocLocation", "transposeData",
    "useDisplayValuesInDynamicTexts", "useGrouping", "useTitleAsLabel", "validateVisitedEmptyFields",
    "verticalAlign", "waitForUpload", "width", "widthMode",
))  # fmt: skip

_TYPES = {
    "buttongroup": "hint_radiogroup",
    "imagepicker": "hint_radiogroup",
    "imagemap": "hint_imagemap",
    "likert": "hint_matrix",
    "matrixdynamic": "hint_paneldynamic",
    "nps": "hint_nps",
    "number": "hint_input_type",
    "date": "hint_input_type",
    "datetime": "hint_input_type",
    "email": "hint_input_type",
    "phone": "hint_input_type",
    "radio": "hint_radiogroup",
    "select": "hint_dropdown",
    "slider": "hint_slider",
    "tagbox": "hint_checkbox",
    "textarea": "hint_comment",
    "photo": "hint_file",
    "signature": "hint_signature",
}

_PROPERTIES = {
    "allowAddPanel": "hint_panel_count",
    "allowAddRows": "hint_panel_count",
    "allowCustomChoices": "hint_data_list",
    "allowDigits": "hint_regex",
    "allowRemovePanel": "hint_panel_count",
    "allowRemoveRows": "hint_panel_count",
    "areas": "hint_imagemap",
    "bindings": "hint_bindings",
    "cells": "hint_cells",
    "cellType": "hint_cell_type",
    "choicesByUrl": "hint_choices_by_url",
    "choicesEnableIf": "hint_choice_enable",
    "choicesLazyLoadEnabled": "hint_choices_by_url",
    "choicesMax": "hint_choices_range",
    "choicesMin": "hint_choices_range",
    "choicesStep": "hint_choices_range",
    "choiceTextsFromQuestion": "hint_choices_panel",
    "choiceValuesFromQuestion": "hint_choices_panel",
    "clearIfInvisible": "hint_clear_invisible",
    "columnsVisibleIf": "hint_rows_visible",
    "completedBeforeHtml": "hint_navigate",
    "cookieName": "hint_once",
    "correctAnswer": "hint_score",
    "customLabels": "hint_slider",
    "dataList": "hint_data_list",
    "defaultPanelValue": "hint_inner_default",
    "defaultRowValue": "hint_inner_default",
    "detailElements": "hint_paneldynamic",
    "eachRowUnique": "hint_unique",
    "elements": "hint_pages",
    "enableIf": "hint_choice_enable",
    "firstPageIsStarted": "hint_start_page",
    "firstPageIsStartPage": "hint_start_page",
    "format": "hint_format",
    "hasComment": "hint_comment_area",
    "imageLink": "hint_choice_picture",
    "isCommentRequired": "hint_others",
    "isRequired": "hint_required_inside",
    "isUnique": "hint_unique",
    "maskSettings": "hint_mask",
    "maskType": "hint_mask",
    "maxErrorText": "hint_error_text",
    "maxTimeToFinish": "hint_time_limit",
    "maxTimeToFinishPage": "hint_time_limit",
    "minErrorText": "hint_error_text",
    "navigateToUrl": "hint_navigate",
    "navigateToUrlOnCondition": "hint_navigate",
    "otherErrorText": "hint_error_text",
    "randomize": "hint_random",
    "randomizeCategory": "hint_random",
    "questions": "hint_pages",
    "readOnly": "hint_read_only",
    "requiredIf": "hint_required_inside",
    "resetValueIf": "hint_set_value",
    "rowOrder": "hint_row_order",
    "rowsOrder": "hint_row_order",
    "rowsVisibleIf": "hint_rows_visible",
    "score": "hint_score",
    "setValueExpression": "hint_set_value",
    "setValueIf": "hint_set_value",
    "showCommentArea": "hint_comment_area",
    "showDontKnowItem": "hint_add_choice",
    "showRefuseItem": "hint_add_choice",
    "stepErrorText": "hint_error_text",
    "storeOthersAsComment": "hint_others",
    "templateVisibleIf": "hint_inner_visible",
    "timeLimit": "hint_time_limit",
    "timeLimitPerPage": "hint_time_limit",
    "totalAlignment": "hint_totals",
    "totalCurrency": "hint_totals",
    "totalDisplayStyle": "hint_totals",
    "totalExpression": "hint_totals",
    "totalFormat": "hint_totals",
    "totalText": "hint_totals",
    "totalType": "hint_totals",
    "valueName": "hint_value_name",
    "valuePropertyName": "hint_choices_panel",
    "visible": "hint_visible",
}

_FUNCTIONS = {
    "isContainerReady": "hint_page_state",
    "isDisplayMode": "hint_page_state",
    "propertyValue": "hint_page_state",
    "displayPropertyName": "hint_page_state",
    "currentDate": "hint_today",
    "currentYear": "hint_today",
    "getDate": "hint_today",
    "not": "hint_not",
}

_VALIDATORS = {
    "required": "hint_required",
    "url": "hint_regex",
    "phone": "hint_input_type",
    "number": "hint_numeric",
}

_TRIGGERS = {
    "copyvalue": "hint_copy_value",
    "runexpression": "hint_run_expression",
    "visible": "hint_trigger_visible",
}

_REASONS: Mapping[Part, Mapping[str, str]] = MappingProxyType(
    {
        "type": _TYPES,
        "property": {**dict.fromkeys(PRESENTATION, "hint_presentation"), **_PROPERTIES},
        "function": _FUNCTIONS,
        "validator": _VALIDATORS,
        "trigger": _TRIGGERS,
    }
)
# Names are found without regard to case, so that a slip of the shift key still gets its reason.
_BY_LOWER = {
    part: {name.lower(): code for name, code in reasons.items()} for part, reasons in _REASONS.items()
}

# Every code that `reason` can give; none has parameters.
CODES: dict[str, tuple[str, ...]] = {
    code: () for reasons in _REASONS.values() for code in sorted({*reasons.values()})
}


def reason(part: Part, name: str) -> str:
    """The code of a sentence that says why there is no such thing and what to write instead, or ""."""
    return _BY_LOWER[part].get(name.lower(), "")


def present_name(name: str, known: Collection[str]) -> str:
    """The name by which `known` has what SurveyJS called `name` in some release; "" when there is none."""
    group = next((names for names in SYNONYMS if name in names), ())
    return next((other for other in group if other in known), "")
