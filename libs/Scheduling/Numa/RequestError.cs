namespace Kilonova.Scheduling.Numa;

/// <summary>Why a flavor and an image cannot be had together. Nothing helps but to change one of them.</summary>
/// <param name="Class">Class of the error, by Nova's name, for instance <c>ImageNUMATopologyAsymmetric</c>.</param>
/// <param name="Message">What is wrong, in Nova's words.</param>
public sealed record RequestError(string Class, string Message);

/// <summary>What came of reading a part of a flavor and an image: a value, or the error.</summary>
/// <typeparam name="T">What is read.</typeparam>
public readonly struct Checked<T>
{
    private Checked(T? value, RequestError? error)
    {
        Value = value;
        Error = error;
    }

    /// <summary>The value; default when there is an error, and where nothing was asked for.</summary>
    public T? Value { get; }

    /// <summary>The error; null when there is none.</summary>
    public RequestError? Error { get; }

    /// <summary>A value.</summary>
    /// <param name="value">The value.</param>
    public static implicit operator Checked<T>(T? value) => new(value, null);

    /// <summary>An error.</summary>
    /// <param name="error">The error.</param>
    public static implicit operator Checked<T>(RequestError error) => new(default, error);
}
