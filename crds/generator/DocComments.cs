using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Kilonova.Crds.Generator;

/// <summary>Doc comments of an assembly as plain text, for readers of <c>kubectl explain</c>.</summary>
public sealed partial class DocComments
{
    private readonly Dictionary<string, XElement> members;

    /// <summary>Reads the documentation file that the compiler wrote beside the assembly.</summary>
    public DocComments(Assembly assembly)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        members = XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml"))
            .Descendants("member")
            .Where(member => member.Element("summary") is not null)
            .ToDictionary(member => member.Attribute("name")!.Value, StringComparer.Ordinal);
    }

    /// <summary>Summary and remarks of a type.</summary>
    public string Of(Type type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return Text($"T:{type.FullName}");
    }

    /// <summary>Summary and remarks of a property or enum member.</summary>
    public string Of(MemberInfo member)
    {
        ArgumentNullException.ThrowIfNull(member);
        var declaring = member.DeclaringType!;
        var owner = (declaring.IsGenericType ? declaring.GetGenericTypeDefinition() : declaring).FullName;
        return Text($"{(member is FieldInfo ? 'F' : 'P')}:{owner}.{member.Name}");
    }

    private string Text(string name)
    {
        if (!members.TryGetValue(name, out var member))
            throw new InvalidOperationException($"{name} has no doc comment: kubectl explain would say nothing");
        var remarks = member.Element("remarks");
        var summary = Plain(member.Element("summary")!);
        return remarks is null ? summary : $"{summary}\n{Plain(remarks)}";
    }

    private static string Plain(XElement element) =>
        Whitespace().Replace(string.Concat(element.Nodes().Select(Plain)), " ").Trim();

    private static string Plain(XNode node) => node switch
    {
        XText text => text.Value,
        XElement { Name.LocalName: "see" or "seealso" } see => Name(see.Attribute("cref")?.Value ?? see.Attribute("langword")?.Value ?? see.Value),
        XElement { Name.LocalName: "paramref" } reference => reference.Attribute("name")!.Value,
        XElement element => string.Concat(element.Nodes().Select(Plain)),
        _ => "",
    };

    /// <summary><c>P:A.B.MemoryMiB</c> becomes <c>memoryMiB</c>; a type keeps its name.</summary>
    private static string Name(string reference)
    {
        var name = reference[(reference.LastIndexOf('.') + 1)..];
        return reference.StartsWith("P:", StringComparison.Ordinal) ? JsonNamingPolicy.CamelCase.ConvertName(name) : name;
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Whitespace();
}
