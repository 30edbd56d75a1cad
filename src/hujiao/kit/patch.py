"""PATCH bodies: any part of a schema; what is not given stays as it is."""

import types
from functools import lru_cache
from typing import Any, Generic, TypeVar, Union, get_args, get_origin

from fastapi.exceptions import RequestValidationError
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    ValidationError,
    create_model,
)
from pydantic_core import CoreSchema, core_schema

M = TypeVar("M", bound=BaseModel)


class Patch(Generic[M]):
    """The body of a PATCH for schema `M`: use as `patch: Annotated[Patch[Thing], Body()]`.

    A nested schema may be given in part too. What results from `over` is checked as a whole.
    """

    __slots__ = ("_given",)

    def __init__(self, given: BaseModel) -> None:
        self._given = given

    def over(self, current: M) -> M:
        """`current` with the given fields replaced.

        Raises RequestValidationError (answered 422) when the result is not a valid `M`.
        """
        try:
            return type(current).model_validate(_merged(current, self._given))
        except ValidationError as error:
            raise RequestValidationError(error.errors()) from error

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        (model,) = get_args(source)
        return core_schema.no_info_after_validator_function(cls, handler(_partial(model)))


def _merged(current: BaseModel, given: BaseModel) -> dict[str, Any]:
    values = {name: getattr(current, name) for name in type(current).model_fields}
    for name in given.model_fields_set:
        value = getattr(given, name)
        before = values[name]
        if isinstance(value, BaseModel):
            value = (
                _merged(before, value)
                if isinstance(before, BaseModel)
                else value.model_dump(exclude_unset=True)
            )
        values[name] = value
    return {
        name: value.model_dump() if isinstance(value, BaseModel) else value
        for name, value in values.items()
    }


@lru_cache(maxsize=256)
def _partial(model: type[BaseModel]) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        annotation: Any = info.rebuild_annotation()
        fields[name] = (
            _partial_annotation(annotation) | None,
            Field(default=None, alias=info.alias),
        )
    return create_model(f"{model.__name__}Patch", __config__=ConfigDict(extra="forbid"), **fields)


def _partial_annotation(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _partial(annotation)
    if get_origin(annotation) in (Union, types.UnionType):
        members = tuple(_partial_annotation(member) for member in get_args(annotation))
        return Union[members]  # noqa: UP007
    return annotation
